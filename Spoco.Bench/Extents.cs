using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>How tables write the extents of an input.</summary>
internal static class Extents
{
    /// <summary>"448x448, batch 4" or "40x64x64": a batch of one is not mentioned, nor the one slice of an image.</summary>
    public static string Text(TensorShape shape) =>
        (shape.D == 1 ? $"{shape.H}x{shape.W}" : $"{shape.D}x{shape.H}x{shape.W}") + (shape.N == 1 ? "" : $", batch {shape.N}");

    /// <summary>"2D" or "3D".</summary>
    public static string Dimensions(TensorShape shape) => shape.D == 1 ? "2D" : "3D";

    /// <summary>A quarter of the rows and columns, half of the slices.</summary>
    public static TensorShape Small(TensorShape shape) => shape with { D = Math.Max(1, shape.D / 2), H = shape.H / 4, W = shape.W / 4 };
}
