using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Moments of pieces of a tensor, tiles or chunks: three arrays [N, pieces, C] one behind the other, of numbers, means and sums of squared deviations. (As
/// one array of structures they would be written in strides, which neither GPUs nor the compilers of OpenCL for processors do well.)
/// </summary>
internal static class PieceMoments
{
    /// <summary>Arrays.</summary>
    public const int Arrays = 3;

    /// <summary>Reads one.</summary>
    public static Moments Load(ArrayView<float> moments, int at)
    {
        var length = moments.IntLength / Arrays;
        return new Moments(moments[at], moments[length + at], moments[2 * length + at]);
    }

    /// <summary>Writes one.</summary>
    public static void Store(ArrayView<float> moments, int at, Moments value)
    {
        var length = moments.IntLength / Arrays;
        moments[at] = value.Count;
        moments[length + at] = value.Mean;
        moments[2 * length + at] = value.Squares;
    }
}
