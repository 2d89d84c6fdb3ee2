using Spoco.Kernels;

namespace Spoco.Engine.Segmentation;

/// <summary>Displacement from one voxel to another, in voxels, slowest axis first; 2D images leave <paramref name="Z"/> at 0.</summary>
/// <param name="Z">Slices.</param>
/// <param name="Y">Rows.</param>
/// <param name="X">Columns.</param>
public readonly record struct VoxelOffset(int Z, int Y, int X)
{
    /// <summary>Whether both ends can lie in one volume of these extents.</summary>
    internal bool FitsIn(int depth, int height, int width) => ToPixels().FitsIn(depth, height, width);

    /// <summary>Difference of the flat indices of the two ends; meaningful only where the offset fits.</summary>
    internal long Linear(int height, int width) => ToPixels().Linear(height, width);

    /// <summary>The same as kernels take it.</summary>
    internal PixelOffset ToPixels() => new(Z, Y, X);

    /// <summary>The offset as text: <c>[0, -3, 0]</c>.</summary>
    public override string ToString() => $"[{Z}, {Y}, {X}]";
}
