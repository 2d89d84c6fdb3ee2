namespace Spoco.Engine.Segmentation;

/// <summary>Removes specks: segments below a number of voxels.</summary>
public static class SizeFloor
{
    /// <summary>Sets segments of fewer than <paramref name="minimumVoxels"/> voxels to 0. Other labels stay.</summary>
    /// <exception cref="ArgumentException">The floor is negative.</exception>
    public static Volume<int> Remove(Volume<int> labels, long minimumVoxels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelImage.CheckSingleChannel(labels, "SizeFloor");
        if (minimumVoxels < 0)
            throw new ArgumentException($"SizeFloor: the floor must not be negative, got {minimumVoxels}.");
        var small = LabelImage.Sizes(labels).Where(s => s.Value < minimumVoxels).Select(s => s.Key).ToHashSet();
        return LabelImage.Map(labels, label => small.Contains(label) ? 0 : label);
    }

    /// <summary>
    /// Removes small segments and lets their neighbours grow into the holes by a <see cref="SeededWatershed"/>. A hole that no larger segment
    /// reaches stays 0.
    /// </summary>
    /// <param name="labels">Segments; 0 = background.</param>
    /// <param name="minimumVoxels">Segments with fewer voxels are removed.</param>
    /// <param name="mask">Where to grow; labels outside become 0. Null: only the voxels of the removed segments.</param>
    /// <param name="image">Heights of the flood, low first. Null: flat, so that neighbours grow at equal speed.</param>
    /// <exception cref="ArgumentException">The floor is negative, or sizes differ.</exception>
    public static Volume<int> RemoveAndGrow(Volume<int> labels, long minimumVoxels, Volume<byte>? mask = null, Volume<float>? image = null)
    {
        var kept = Remove(labels, minimumVoxels);
        mask ??= new Volume<byte>([.. labels.Data.Select(l => l == 0 ? (byte)0 : (byte)1)], labels.Depth, labels.Height, labels.Width);
        return SeededWatershed.Flood(image ?? new Volume<float>(labels.Depth, labels.Height, labels.Width), kept, mask);
    }
}
