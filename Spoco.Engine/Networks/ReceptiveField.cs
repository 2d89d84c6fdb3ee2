namespace Spoco.Engine.Networks;

/// <summary>
/// Which voxels of an image a network's result depends on. Convolutions are computed tile by tile (Winograd's algorithm): the bits of a result depend on all
/// inputs of its tile, which counts from the first voxel of the whole image. A window is therefore cut such that on every level it begins with a tile, holds all
/// tiles that matter, and has an odd extent where the whole has one, since the levels below are then enlarged alike.
/// </summary>
internal sealed class ReceptiveField
{
    /// <summary>Results of the largest tile along rows and columns; those along slices, two, divide it.</summary>
    private const int LargestTile = 4;

    private readonly Axis _z;
    private readonly Axis _y;
    private readonly Axis _x;

    /// <param name="options">The architecture.</param>
    /// <param name="depth">Slices of the whole image that the network sees at once; 1 in 2D.</param>
    /// <param name="height">Its rows.</param>
    /// <param name="width">Its columns.</param>
    public ReceptiveField(UNetOptions options, int depth, int height, int width)
    {
        var levels = options.FeatureMaps.Count;
        var deep = options.Dimensions == 3;
        _z = new Axis(levels, depth, deep && options.PoolDepth == 2, deep ? LargestTile / 2 : 0);
        _y = new Axis(levels, height, true, LargestTile);
        _x = new Axis(levels, width, true, LargestTile);
    }

    /// <summary>Windows begin, and shares of the whole that lie side by side are cut, at multiples of this.</summary>
    public (int Z, int Y, int X) Alignment => (_z.Alignment, _y.Alignment, _x.Alignment);

    /// <summary>The part of the image that gives the bits of the whole within a box.</summary>
    /// <param name="box">Not empty; lies within the image.</param>
    public VoxelBox Window(VoxelBox box)
    {
        var (z, depth) = _z.Window(box.Z, box.Depth);
        var (y, height) = _y.Window(box.Y, box.Height);
        var (x, width) = _x.Window(box.X, box.Width);
        return new VoxelBox(z, y, x, depth, height, width);
    }

    /// <summary>How far the result at a voxel looks along an axis, at most: whatever the size of the image and the place in it.</summary>
    /// <param name="levels">Levels of the network.</param>
    /// <param name="pooled">Whether the axis is pooled.</param>
    public static int Reach(int levels, bool pooled)
    {
        // All places within a window of the coarsest level, in an image in which each level has an odd extent and in one in which each has an even one.
        var period = pooled ? 1 << levels : 1;
        var reach = 0;
        foreach (var odd in (int[])[0, period - 1])
        {
            var axis = new Axis(levels, 64 * period * levels + odd, pooled, 1);
            for (var i = 0; i < period; i++)
            {
                var place = 32 * period * levels + i;
                var (from, until) = axis.Need(place, place + 1);
                reach = Math.Max(reach, Math.Max(place - from, until - 1 - place));
            }
        }

        return reach;
    }

    /// <summary>One axis.</summary>
    /// <param name="Levels">Levels of the network.</param>
    /// <param name="Extent">Of the whole image.</param>
    /// <param name="Pooled">Whether every level halves it.</param>
    /// <param name="Tile">Results that are computed together; 0 = the network does not look along this axis.</param>
    private readonly record struct Axis(int Levels, int Extent, bool Pooled, int Tile)
    {
        private int Unit => Pooled ? 1 << (Levels - 1) : 1;

        public int Alignment => Unit * Math.Max(Tile, 1);

        public (int From, int Extent) Window(int start, int extent)
        {
            var (from, until) = Need(start, start + extent);
            from -= from % Alignment;
            until += (Extent - until) % Unit;
            return (from, until - from);
        }

        /// <summary>The inputs of results [from, until), from the last level up to the first one and back down.</summary>
        public (int From, int Until) Need(int from, int until)
        {
            if (Tile == 0)
                return (from, until);
            var skips = new (int From, int Until)[Levels - 1];
            for (var level = 0; level < skips.Length; level++)
            {
                (from, until) = skips[level] = Convolved(level, Convolved(level, (from, until)));
                if (Pooled)
                    (from, until) = (Source(level, from), Source(level, until - 1) + 1);
            }

            (from, until) = Convolved(Levels - 1, Convolved(Levels - 1, (from, until)));
            for (var level = skips.Length - 1; level >= 0; level--)
            {
                var scale = Pooled ? 2 : 1;
                var both = (Math.Min(skips[level].From, scale * from), Math.Max(skips[level].Until, scale * until));
                (from, until) = Convolved(level, Convolved(level, both));
            }

            return (from, until);
        }

        private int ExtentAt(int level) => Pooled ? Extent >> level : Extent;

        /// <summary>The voxel of the next level that is enlarged to a voxel of this one.</summary>
        private int Source(int level, int voxel) => (int)((long)voxel * ExtentAt(level + 1) / ExtentAt(level));

        private (int From, int Until) Convolved(int level, (int From, int Until) range) =>
            (Math.Max(0, range.From / Tile * Tile - 1), Math.Min(ExtentAt(level), (range.Until + Tile - 1) / Tile * Tile + 1));
    }
}
