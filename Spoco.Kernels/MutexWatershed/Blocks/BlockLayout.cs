namespace Spoco.Kernels.Primitives;

/// <summary>How an image is cut into blocks, and the edges (i, i + offset) of the whole: edge id = channel * voxels + i.</summary>
internal sealed class BlockLayout
{
    // Small blocks have more edges across their faces than within.
    private const int SmallestSide3D = 32;
    private const int SmallestSide2D = 64;

    // Buffers are rounded up to one of eight sizes per power of two.
    private const double Rounding = 1.125;

    private readonly PixelOffset _halo;
    private readonly (int Z, int Y, int X) _counts;

    public BlockLayout(VoxelBox whole, IReadOnlyList<PixelOffset> offsets, int attractive, (int Z, int Y, int X) extents)
    {
        (Whole, Offsets, Attractive, Extents) = (whole, offsets, attractive, extents);
        _halo = Halo(whole, offsets);
        _counts = (Parts(whole.Depth, extents.Z), Parts(whole.Height, extents.Y), Parts(whole.Width, extents.X));
        var count = (Int128)_counts.Z * _counts.Y * _counts.X;
        if (count > Array.MaxLength)
            throw new ArgumentException($"BlockwiseMutexWatershed: {count} blocks are too many; give more memory.");
        if ((Int128)whole.VoxelCount * offsets.Count > long.MaxValue)
            throw new ArgumentException("BlockwiseMutexWatershed: the image has more than 2^63 edges.");
        Count = (int)count;
    }

    /// <summary>The image.</summary>
    public VoxelBox Whole { get; }

    /// <summary>One per channel.</summary>
    public IReadOnlyList<PixelOffset> Offsets { get; }

    /// <summary>How many of the first channels are attractive.</summary>
    public int Attractive { get; }

    /// <summary>Extents of a block; the last ones along an axis may be smaller.</summary>
    public (int Z, int Y, int X) Extents { get; }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>The first id of a repulsive edge.</summary>
    public ulong FirstRepulsive => (ulong)Whole.VoxelCount * (ulong)Attractive;

    /// <summary>Extents of the smallest blocks that an image is cut into.</summary>
    public static (int Z, int Y, int X) Smallest(VoxelBox whole)
    {
        var side = whole.Depth > 1 ? SmallestSide3D : SmallestSide2D;
        return (Math.Min(side, whole.Depth), Math.Min(side, whole.Height), Math.Min(side, whole.Width));
    }

    /// <summary>Bytes that a block in the middle takes: while it is read, or while it is contracted.</summary>
    public static long Bytes(
        VoxelBox whole, IReadOnlyList<PixelOffset> offsets, int attractive, in BlockBytes bytes, (int Z, int Y, int X) extents)
    {
        var box = new VoxelBox(
            Middle(whole.Depth, extents.Z), Middle(whole.Height, extents.Y), Middle(whole.Width, extents.X), extents.Z, extents.Y, extents.X);
        double around = Around(box, Halo(whole, offsets)).Intersect(whole).VoxelCount;
        if (around * Math.Max(bytes.Channels, 1) > Array.MaxLength || around > MutexNodes.Most || (double)box.VoxelCount * offsets.Count > uint.MaxValue)
            return long.MaxValue;
        double kept = box.VoxelCount * (4.0 * offsets.Count + 16 + bytes.KeptOfVoxel) + 16.0 * Crossing(whole, offsets, box);
        var reading = around * (bytes.Read + 5.0);
        var solving = box.VoxelCount * Math.Max(24.0 * attractive + 40, 96) + around * (double)bytes.KeptAround;
        return (long)(Rounding * (kept + Math.Max(reading, solving)));
    }

    /// <summary>The largest blocks, of those that cut the least, whose computation fits the memory; null where not even small ones do.</summary>
    public static BlockLayout? Choose(VoxelBox whole, IReadOnlyList<PixelOffset> offsets, int attractive, BlockBytes bytes, long memory)
    {
        var smallest = Smallest(whole);
        if (Bytes(whole, offsets, attractive, bytes, smallest) > memory)
            return null;
        var (chosen, area) = (smallest, double.PositiveInfinity);
        for (var z = 1; z <= Parts(whole.Depth, smallest.Z); z++)
            for (var y = 1; y <= Parts(whole.Height, smallest.Y); y++)
            {
                // Along x as few cuts as fit: the fewest are found by bisection.
                var (fits, from) = (Parts(whole.Width, smallest.X), 1);
                if (!Fits(z, y, fits))
                    continue;
                while (from < fits)
                {
                    var middle = (from + fits) / 2;
                    if (Fits(z, y, middle))
                        fits = middle;
                    else
                        from = middle + 1;
                }

                var cut = (z - 1.0) * whole.Height * whole.Width + (y - 1.0) * whole.Depth * whole.Width + (fits - 1.0) * whole.Depth * whole.Height;
                if (cut < area)
                    (chosen, area) = (Of(z, y, fits), cut);
            }

        return new BlockLayout(whole, offsets, attractive, chosen);

        (int Z, int Y, int X) Of(int z, int y, int x) => (Parts(whole.Depth, z), Parts(whole.Height, y), Parts(whole.Width, x));
        bool Fits(int z, int y, int x) => Bytes(whole, offsets, attractive, bytes, Of(z, y, x)) <= memory;
    }

    /// <summary>The box of a block.</summary>
    public VoxelBox Box(int block)
    {
        var (z, y, x) = (block / _counts.X / _counts.Y, block / _counts.X % _counts.Y, block % _counts.X);
        return new VoxelBox(z * Extents.Z, y * Extents.Y, x * Extents.X, Extents.Z, Extents.Y, Extents.X).Intersect(Whole);
    }

    /// <summary>The block that holds a voxel.</summary>
    public int IndexOf(int z, int y, int x) => (z / Extents.Z * _counts.Y + y / Extents.Y) * _counts.X + x / Extents.X;

    /// <summary>The blocks that a box touches.</summary>
    public IEnumerable<int> Touching(VoxelBox box)
    {
        for (var z = box.Z / Extents.Z; z <= (box.Z + box.Depth - 1) / Extents.Z; z++)
            for (var y = box.Y / Extents.Y; y <= (box.Y + box.Height - 1) / Extents.Y; y++)
                for (var x = box.X / Extents.X; x <= (box.X + box.Width - 1) / Extents.X; x++)
                    yield return (z * _counts.Y + y) * _counts.X + x;
    }

    /// <summary>A block and all that its edges reach.</summary>
    public VoxelBox Around(VoxelBox box) => Around(box, _halo).Intersect(Whole);

    /// <summary>The id of the edge of a channel that starts at a voxel.</summary>
    public ulong Edge(int channel, int z, int y, int x) =>
        (ulong)channel * (ulong)Whole.VoxelCount + ((ulong)z * (ulong)Whole.Height + (ulong)y) * (ulong)Whole.Width + (ulong)x;

    /// <summary>The channel of an edge, and the voxel at which it starts.</summary>
    public (int Channel, int Z, int Y, int X) Start(ulong edge)
    {
        var (channel, voxel) = Math.DivRem(edge, (ulong)Whole.VoxelCount);
        var (row, x) = Math.DivRem(voxel, (ulong)Whole.Width);
        var (z, y) = Math.DivRem(row, (ulong)Whole.Height);
        return ((int)channel, (int)z, (int)y, (int)x);
    }

    /// <summary>Whether the computation of these blocks fits a memory.</summary>
    public bool Fits(in BlockBytes bytes, long memory) => Bytes(Whole, Offsets, Attractive, bytes, Extents) <= memory;

    /// <summary>How many edges have one end in a block and one outside, if none is left out.</summary>
    public long Crossing(VoxelBox box) => Crossing(Whole, Offsets, box);

    private static long Crossing(VoxelBox whole, IReadOnlyList<PixelOffset> offsets, VoxelBox box) => offsets.Sum(o =>
        Common(box, whole, o, -1) + Common(box, whole, o, 1) - 2 * Common(box, box, o, 1));

    private static long Common(VoxelBox box, VoxelBox other, PixelOffset o, int sign) =>
        box.Intersect(other with { Z = other.Z + sign * o.Z, Y = other.Y + sign * o.Y, X = other.X + sign * o.X }).VoxelCount;

    private static int Middle(int whole, int extent) => (whole - extent) / 2;

    private static VoxelBox Around(VoxelBox box, PixelOffset halo) => new(
        box.Z - halo.Z, box.Y - halo.Y, box.X - halo.X, box.Depth + 2 * halo.Z, box.Height + 2 * halo.Y, box.Width + 2 * halo.X);

    // Offsets that do not fit the image give no edge.
    private static PixelOffset Halo(VoxelBox whole, IReadOnlyList<PixelOffset> offsets)
    {
        var fitting = offsets.Where(o => o.FitsIn(whole.Depth, whole.Height, whole.Width)).ToArray();
        return fitting.Length == 0 ? default
            : new PixelOffset(fitting.Max(o => Math.Abs(o.Z)), fitting.Max(o => Math.Abs(o.Y)), fitting.Max(o => Math.Abs(o.X)));
    }

    private static int Parts(int extent, int size) => (extent + size - 1) / size;
}
