using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Suggestions;

/// <summary>The regions of an image of which one may be suggested.</summary>
/// <param name="Regions">A number per voxel, from 1; 0 = none.</param>
/// <param name="Segments">The regions up to this number are segments; those after it have been missed.</param>
/// <param name="Count">Number of regions.</param>
public sealed record RegionProposals(Volume<int> Regions, int Segments, int Count)
{
    /// <summary>Voxels beside a region, counted in faces, that belong to its rim.</summary>
    public const int Rim = 2;

    /// <summary>
    /// All segments, and what may have been missed: pieces, connected by faces, further than <see cref="Rim"/> from every segment, where the foreground is at least half as
    /// likely as objects have to be. Pieces smaller than the size floor are specks.
    /// </summary>
    /// <param name="segments">Segments from 1, 0 = none, as <see cref="InstanceSegmentation"/> numbers them.</param>
    /// <param name="foreground">Probability of the foreground; null = nothing was missed.</param>
    /// <param name="sizeFloor">Voxels that a missed object has at least.</param>
    /// <param name="threshold">Probability from which a voxel belongs to an object.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static RegionProposals Of(Volume<int> segments, Volume<float>? foreground, int sizeFloor, double threshold = 0.5)
    {
        ArgumentNullException.ThrowIfNull(segments);
        LabelImage.CheckSingleChannel(segments, "RegionProposals");
        LabelImage.CheckFits(segments, foreground, "RegionProposals", "the foreground");
        var count = segments.Data.Length == 0 ? 0 : segments.Data.Max();
        if (foreground is null)
            return new RegionProposals(segments, count, count);
        var near = RegionGrowth.Grow(segments, Rim);
        var possible = new Volume<byte>(segments.Depth, segments.Height, segments.Width);
        for (var i = 0; i < possible.Data.Length; i++)
            possible.Data[i] = near.Data[i] == 0 && foreground.Data[i] >= threshold / 2 ? (byte)1 : (byte)0;
        var missed = Relabel.Compact(SizeFloor.Remove(ConnectedComponents.OfMask(possible), sizeFloor));
        var regions = (int[])segments.Data.Clone();
        for (var i = 0; i < regions.Length; i++)
            if (missed.Labels.Data[i] != 0)
                regions[i] = count + missed.Labels.Data[i];
        return new RegionProposals(LabelImage.Like(segments, regions), count, count + missed.Count);
    }
}
