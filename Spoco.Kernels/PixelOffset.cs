namespace Spoco.Kernels;

/// <summary>A step from a pixel to its partner.</summary>
/// <param name="Z">Slices.</param>
/// <param name="Y">Rows.</param>
/// <param name="X">Columns.</param>
public readonly record struct PixelOffset(int Z, int Y, int X)
{
    /// <summary>Whether both ends can lie in one image of these extents.</summary>
    internal bool FitsIn(int depth, int height, int width) =>
        Math.Abs((long)Z) < depth && Math.Abs((long)Y) < height && Math.Abs((long)X) < width;

    /// <summary>Difference of the flat indices of the two ends; meaningful only where the offset fits.</summary>
    internal long Linear(int height, int width) => ((long)Z * height + Y) * width + X;
}
