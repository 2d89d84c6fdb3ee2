namespace Spoco.Cli.Data;

/// <summary>Size of a training patch in voxels; a 2D patch has depth 1.</summary>
internal readonly record struct PatchExtents(int Depth, int Height, int Width)
{
    public int VoxelCount => Depth * Height * Width;

    public override string ToString() => Depth == 1 ? $"{Height}x{Width}" : $"{Depth}x{Height}x{Width}";
}
