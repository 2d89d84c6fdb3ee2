using System.Numerics;
using System.Runtime.CompilerServices;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The weight of the edge between two pixels by the distance of their embeddings, for the host and in kernels (SPOCO, appendix A.4, Eq. 4):
/// w = 1 - c^2 with the closeness c = max((2 delta_d - |e_i - e_j|) / (2 delta_d), 0). 0 = attractive (equal embeddings), 1 = repulsive (the reach 2 delta_d
/// apart or more).
/// </summary>
internal static class EdgeWeight
{
    /// <summary>c.</summary>
    public static float Closeness(float distance, float reach) => XMath.Max((reach - distance) / reach, 0f);

    /// <summary>w.</summary>
    public static float Of(float distance, float reach)
    {
        var closeness = Closeness(distance, reach);
        return 1 - closeness * closeness;
    }

    /// <summary>A run of weights on the host, each with the bits of <see cref="Of"/>.</summary>
    /// <param name="a">First component of the first pixel.</param>
    /// <param name="step">Floats from there to the first component of its partner.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="dimensions">E.</param>
    /// <param name="count">Pixels.</param>
    /// <param name="reach">2 delta_d.</param>
    /// <param name="weights">Receives a weight per pixel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* a, nint step, int pixel, int dimensions, int count, float reach, float* weights)
    {
        for (var x = 0; x < count; x++, a += pixel)
            weights[x] = EmbeddingDistance.Squared(ref *a, ref *(a + step), dimensions);

        var i = 0;
        for (var far = new Vector<float>(reach); i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            var closeness = Vector.Max((far - Vector.SquareRoot(Vector.Load(weights + i))) / far, Vector<float>.Zero);
            (Vector<float>.One - closeness * closeness).Store(weights + i);
        }

        for (; i < count; i++)
            weights[i] = Of(MathF.Sqrt(weights[i]), reach);
    }
}
