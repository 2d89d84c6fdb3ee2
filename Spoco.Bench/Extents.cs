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

    /// <summary>Half as long in every axis of space.</summary>
    public static TensorShape Halved(TensorShape shape) => new(shape.N, shape.D == 1 ? 1 : shape.D / 2, shape.H / 2, shape.W / 2, shape.C);
}
