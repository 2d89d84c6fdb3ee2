namespace Spoco.Engine.Segmentation;

/// <summary>
/// The classical baseline without learning: foreground by <see cref="Otsu"/>, seeds at the maxima of the distance to the background, and a
/// <see cref="SeededWatershed"/> on minus the distance.
/// </summary>
public static class DistanceWatershed
{
    /// <summary>Segments bright, roundish objects on a dark background.</summary>
    /// <param name="image">Intensities, one channel.</param>
    /// <param name="minimumSeedDistance">Two seeds are more than this apart along some axis, in voxels: half the size of a small object.</param>
    /// <param name="minimumVoxels">Segments with fewer voxels are removed.</param>
    /// <returns>Labels from 1 by first voxel; 0 = background.</returns>
    /// <exception cref="ArgumentException">A value is not finite, a limit is out of range, or the image has several channels.</exception>
    public static Volume<int> FromImage(Volume<float> image, int minimumSeedDistance = 7, long minimumVoxels = 0) =>
        FromMask(Otsu.Mask(image), minimumSeedDistance, minimumVoxels);

    /// <summary>Splits a foreground mask into roundish objects.</summary>
    /// <param name="mask">0 = background.</param>
    /// <param name="minimumSeedDistance">Two seeds are more than this apart along some axis, in voxels.</param>
    /// <param name="minimumVoxels">Segments with fewer voxels are removed.</param>
    /// <returns>Labels from 1 by first voxel; 0 = background.</returns>
    /// <exception cref="ArgumentException">A limit is out of range, or the mask has several channels.</exception>
    public static Volume<int> FromMask(Volume<byte> mask, int minimumSeedDistance = 7, long minimumVoxels = 0)
    {
        ArgumentNullException.ThrowIfNull(mask);
        if (minimumSeedDistance < 1)
            throw new ArgumentException($"DistanceWatershed: the seed distance must be at least 1, got {minimumSeedDistance}.");
        var distance = DistanceTransform.ToBackground(mask, mask.VoxelSize);
        var longest = Math.Max(mask.Depth, Math.Max(mask.Height, mask.Width));
        var seeds = Seeds(distance, Math.Min(minimumSeedDistance, longest));
        var heights = new Volume<float>(Array.ConvertAll(distance.Data, d => -d), mask.Depth, mask.Height, mask.Width) { VoxelSize = mask.VoxelSize };
        var labels = SeededWatershed.Flood(heights, seeds, mask);
        return Relabel.Compact(SizeFloor.Remove(labels, minimumVoxels)).Labels;
    }

    // Farthest first; every seed forbids others in the box around it. Equal distances go by flat index.
    private static Volume<int> Seeds(Volume<float> distance, int radius)
    {
        var (depth, height, width) = (distance.Depth, distance.Height, distance.Width);
        var seeds = new Volume<int>(depth, height, width);
        // Without any background every distance is infinite: one object.
        if (float.IsPositiveInfinity(distance.Data[0]))
        {
            seeds.Data[0] = 1;
            return seeds;
        }
        var neighbourhood = new Neighbourhood(depth, height, width, Connectivity.Corners);
        var neighbours = new int[neighbourhood.Count];
        int[] peaks = [.. Enumerable.Range(0, distance.VoxelCount)
            .Where(i => distance.Data[i] > 0 && neighbours.Take(neighbourhood.Of(i, neighbours)).All(j => distance.Data[j] <= distance.Data[i]))
            .OrderByDescending(i => distance.Data[i]).ThenBy(i => i)];
        var count = 0;
        foreach (var peak in peaks)
        {
            var (z, y, x) = (peak / (height * width), peak / width % height, peak % width);
            if (IsFree(z, y, x))
                seeds.Data[peak] = ++count;
        }
        return seeds;

        bool IsFree(int z, int y, int x)
        {
            for (var k = Math.Max(0, z - radius); k <= Math.Min(depth - 1, z + radius); k++)
                for (var j = Math.Max(0, y - radius); j <= Math.Min(height - 1, y + radius); j++)
                {
                    var (from, to) = (Math.Max(0, x - radius), Math.Min(width - 1, x + radius));
                    if (seeds.Data.AsSpan((k * height + j) * width + from, to - from + 1).ContainsAnyExcept(0))
                        return false;
                }
            return true;
        }
    }
}
