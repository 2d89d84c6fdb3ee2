namespace Spoco.Kernels;

/// <summary>A box of voxels within an image: where it starts, and how large it is.</summary>
/// <param name="Z">First slice.</param>
/// <param name="Y">First row.</param>
/// <param name="X">First column.</param>
/// <param name="Depth">Slices.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct VoxelBox(int Z, int Y, int X, int Depth, int Height, int Width)
{
    /// <summary>Voxels in the box.</summary>
    public long VoxelCount => (long)Depth * Height * Width;

    /// <summary>One slice of this box.</summary>
    public VoxelBox Slice(int z) => this with { Z = Z + z, Depth = 1 };

    /// <summary>The box that lies at <paramref name="inner"/> within this one.</summary>
    public VoxelBox At(VoxelBox inner) => inner with { Z = Z + inner.Z, Y = Y + inner.Y, X = X + inner.X };

    /// <summary>Whether a voxel lies in the box.</summary>
    public bool Contains(int z, int y, int x) => (uint)(z - Z) < (uint)Depth && (uint)(y - Y) < (uint)Height && (uint)(x - X) < (uint)Width;

    /// <summary>What lies in both boxes; an extent is 0 where nothing does.</summary>
    public VoxelBox Intersect(VoxelBox other)
    {
        var (z, depth) = Common(Z, Depth, other.Z, other.Depth);
        var (y, height) = Common(Y, Height, other.Y, other.Height);
        var (x, width) = Common(X, Width, other.X, other.Width);
        return new VoxelBox(z, y, x, depth, height, width);
    }

    /// <summary>Runs of whole slices of at most about <paramref name="voxels"/> voxels, in order.</summary>
    public IEnumerable<VoxelBox> Slabs(long voxels)
    {
        var depth = (int)Math.Clamp(voxels / ((long)Height * Width), 1, Depth);
        for (var z = 0; z < Depth; z += depth)
            yield return this with { Z = Z + z, Depth = Math.Min(depth, Depth - z) };
    }

    private static (int Start, int Extent) Common(int start, int extent, int otherStart, int otherExtent)
    {
        var from = Math.Max(start, otherStart);
        return (from, (int)Math.Max(0, Math.Min((long)start + extent, (long)otherStart + otherExtent) - from));
    }
}
