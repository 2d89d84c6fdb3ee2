using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>A box of voxels within an image: where it starts, and how large it is.</summary>
internal readonly record struct VoxelBox(int Z, int Y, int X, int Depth, int Height, int Width)
{
    public long VoxelCount => (long)Depth * Height * Width;

    /// <summary>All of an image.</summary>
    public static VoxelBox Of<T>(Volume<T> volume) where T : unmanaged => new(0, 0, 0, volume.Depth, volume.Height, volume.Width);

    /// <summary>One slice of this box.</summary>
    public VoxelBox Slice(int z) => this with { Z = Z + z, Depth = 1 };

    /// <summary>The box that lies at <paramref name="inner"/> within this one.</summary>
    public VoxelBox At(VoxelBox inner) => inner with { Z = Z + inner.Z, Y = Y + inner.Y, X = X + inner.X };

    /// <summary>Runs of whole slices of at most about <paramref name="voxels"/> voxels, in order.</summary>
    public IEnumerable<VoxelBox> Slabs(long voxels)
    {
        var depth = (int)Math.Clamp(voxels / ((long)Height * Width), 1, Depth);
        for (var z = 0; z < Depth; z += depth)
            yield return this with { Z = Z + z, Depth = Math.Min(depth, Depth - z) };
    }
}
