namespace Spoco.Engine.Suggestions;

/// <summary>The voxels of regions, as flat indices.</summary>
internal static class RegionVoxels
{
    /// <summary>The voxels of the regions 1 .. <paramref name="count"/> in scan order; index 0 is of none.</summary>
    public static int[][] Of(Volume<int> regions, int count)
    {
        var sizes = new int[count + 1];
        foreach (var region in regions.Data)
            sizes[region]++;
        var voxels = Array.ConvertAll(sizes, size => new int[size]);
        voxels[0] = [];
        var filled = new int[count + 1];
        for (var i = 0; i < regions.Data.Length; i++)
            if (regions.Data[i] is > 0 and var region)
                voxels[region][filled[region]++] = i;
        return voxels;
    }

    /// <summary>The box of some voxels and half of its extent, at least one voxel, on every side of it within the image; along z only where there are slices.</summary>
    public static VoxelBox Around<T>(int[] voxels, Volume<T> image) where T : unmanaged
    {
        var (z, y, x) = (Extent.Empty, Extent.Empty, Extent.Empty);
        foreach (var i in voxels)
        {
            var (vz, vy, vx) = Position(i, image);
            (z, y, x) = (z.With(vz), y.With(vy), x.With(vx));
        }

        (z, y, x) = (z.Widened(image.Depth), y.Widened(image.Height), x.Widened(image.Width));
        return new VoxelBox(z.First, y.First, x.First, z.Count, y.Count, x.Count);
    }

    /// <summary>Slice, row and column of a voxel.</summary>
    public static (int Z, int Y, int X) Position<T>(int voxel, Volume<T> image) where T : unmanaged =>
        (voxel / (image.Height * image.Width), voxel / image.Width % image.Height, voxel % image.Width);

    /// <summary>Of some voxels that next to their mean position, of equally near ones the first.</summary>
    public static int Middle<T>(IReadOnlyList<int> voxels, Volume<T> image) where T : unmanaged
    {
        var (sz, sy, sx) = (0L, 0L, 0L);
        foreach (var i in voxels)
        {
            var (z, y, x) = Position(i, image);
            (sz, sy, sx) = (sz + z, sy + y, sx + x);
        }

        var (mz, my, mx) = ((double)sz / voxels.Count, (double)sy / voxels.Count, (double)sx / voxels.Count);
        return voxels.MinBy(i =>
        {
            var (z, y, x) = Position(i, image);
            return (z - mz) * (z - mz) + (y - my) * (y - my) + (x - mx) * (x - mx);
        });
    }

    /// <summary>Ascending flat indices as runs.</summary>
    public static IReadOnlyList<(int Start, int Length)> Runs(int[] voxels)
    {
        var runs = new List<(int, int)>();
        for (int first = 0, next; first < voxels.Length; first = next)
        {
            for (next = first + 1; next < voxels.Length && voxels[next] == voxels[next - 1] + 1;)
                next++;
            runs.Add((voxels[first], next - first));
        }

        return runs;
    }

    private readonly record struct Extent(int First, int Last)
    {
        public static Extent Empty { get; } = new(int.MaxValue, int.MinValue);

        public int Count => Last - First + 1;

        public Extent With(int at) => new(Math.Min(First, at), Math.Max(Last, at));

        public Extent Widened(int extent) => new(Math.Max(0, First - (Count + 1) / 2), Math.Min(extent - 1, Last + (Count + 1) / 2));
    }
}
