using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Spatial dropout on ILGPU devices: one thread per value.</summary>
internal static class DropoutSimt
{
    public static void Apply(
        Index1D i, int channels, int valuesPerImage, float probability, ulong seed, ArrayView<float> x, ArrayView<float> y) =>
        y[i] = Dropout.Scale(seed, i.X / valuesPerImage * channels + i.X % channels, probability) * x[i];
}
