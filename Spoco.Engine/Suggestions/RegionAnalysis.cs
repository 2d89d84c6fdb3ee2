using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Suggestions;

/// <summary>From an image to the regions of which one may be suggested: predicted by f and g, segmented as <c>spoco segment</c> does it, measured.</summary>
public static class RegionAnalysis
{
    // g sees the image turned by 180 degrees: in training, too, f and g see different views.
    private static readonly Orientation HalfTurn = new(Transpose: false, FlipY: true, FlipX: true);

    /// <summary>Proposes the regions of an image and measures them.</summary>
    /// <param name="model">The model. Of one without a foreground the largest segment, the background, is no region.</param>
    /// <param name="image">The normalised image, [D, H, W, channels of the network].</param>
    /// <param name="labels">What is labelled: 0 = nothing; null = nothing anywhere.</param>
    /// <param name="index">Number of the image among those that are compared.</param>
    /// <param name="orientations">Views to average the segmentation over: 1, 2, 4 or 8.</param>
    /// <param name="kernelThreshold">t of the soft masks, as the model was trained.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The regions in the order of their numbers: segments by first voxel, then those that were missed.</returns>
    /// <exception cref="ArgumentException">The image does not fit the network, or the labels the image.</exception>
    public static IReadOnlyList<CandidateRegion> Of(
        SpocoModel model, Volume<float> image, Volume<int>? labels, int index, int orientations, double kernelThreshold, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        var options = model.Options;
        using var average = OrientationAverage.PredictOnDevice(model, image, orientations, cancellation: cancellation);
        var turned = model.PredictMomentum(HalfTurn.Apply(image), cancellation);
        var prediction = average.Prediction with { MomentumEmbeddings = HalfTurn.Undo(turned) };
        var segments = options.Foreground
            ? InstanceSegmentation.SegmentLearned(prediction, options.ForegroundThreshold, options.Segmentation, model.Device, cancellation)
            : InstanceSegmentation.Segment(prediction, null, options.Segmentation with { RemoveLargest = true }, model.Device, cancellation);
        var proposals = RegionProposals.Of(segments, prediction.Foreground, options.SizeFloor, options.ForegroundThreshold);
        var measures = RegionMeasuring.Of(proposals, prediction, options.PullMargin, options.PushMargin, kernelThreshold, cancellation);
        return Regions(proposals, measures, image, labels, index);
    }

    /// <summary>Puts together what is known of the regions of an image.</summary>
    /// <param name="proposals">The regions.</param>
    /// <param name="measures">Their measures.</param>
    /// <param name="image">The image, for what they look like.</param>
    /// <param name="labels">What is labelled: 0 = nothing; null = nothing anywhere.</param>
    /// <param name="index">Number of the image among those that are compared.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static IReadOnlyList<CandidateRegion> Regions(
        RegionProposals proposals, IReadOnlyList<RegionMeasures> measures, Volume<float> image, Volume<int>? labels, int index)
    {
        ArgumentNullException.ThrowIfNull(proposals);
        ArgumentNullException.ThrowIfNull(measures);
        ArgumentNullException.ThrowIfNull(image);
        LabelImage.CheckFits(proposals.Regions, image, "RegionAnalysis", "the image");
        LabelImage.CheckFits(proposals.Regions, labels, "RegionAnalysis", "the labels");
        var voxels = RegionVoxels.Of(proposals.Regions, proposals.Count);
        var rims = RegionVoxels.Of(RegionGrowth.Grow(proposals.Regions, RegionProposals.Rim), proposals.Count);
        var regions = new CandidateRegion[proposals.Count];
        for (var r = 1; r <= regions.Length; r++)
        {
            var size = (double)voxels[r].Length;
            int[] free = labels is null ? voxels[r] : [.. voxels[r].Where(i => labels.Data[i] == 0)];
            var (z, y, x) = RegionVoxels.Position(RegionVoxels.Middle(free.Length > 0 ? free : voxels[r], image), image);
            regions[r - 1] = new CandidateRegion(
                index, r <= proposals.Segments, 2 * free.Length < voxels[r].Length, voxels[r].Length, z, y, x,
                image.Depth == 1 ? Math.Sqrt(size / Math.PI) : Math.Cbrt(3 * size / (4 * Math.PI)), measures[r - 1],
                Looks(image, voxels[r], rims[r].Where(i => proposals.Regions.Data[i] == 0)), RegionVoxels.Runs(voxels[r]));
        }

        return regions;
    }

    private static double[] Looks(Volume<float> image, int[] voxels, IEnumerable<int> rim)
    {
        var inside = voxels.Select(Intensity).ToArray();
        var mean = inside.Average();
        return [Math.Log(voxels.Length), mean, Math.Sqrt(inside.Average(v => (v - mean) * (v - mean))), rim.Select(Intensity).DefaultIfEmpty(mean).Average()];

        double Intensity(int voxel)
        {
            var sum = 0.0;
            for (var c = 0; c < image.Channels; c++)
                sum += image.Data[voxel * image.Channels + c];
            return sum / image.Channels;
        }
    }
}
