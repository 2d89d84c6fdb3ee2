namespace Spoco.Engine.Data;

/// <summary>Size of a training patch, or of an image, in voxels; in 2D the depth is 1.</summary>
/// <param name="Depth">Slices.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct PatchExtents(int Depth, int Height, int Width)
{
    /// <summary>Voxels: D * H * W.</summary>
    public int VoxelCount => Depth * Height * Width;

    /// <inheritdoc/>
    public override string ToString() => Depth == 1 ? $"{Height}x{Width}" : $"{Depth}x{Height}x{Width}";
}
