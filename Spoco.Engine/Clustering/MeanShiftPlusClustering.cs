using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary>
/// Mean-shift whose segments are joined where their mean embeddings are close: the authors' <c>ms+</c> (cluster_ms_plus in spoco/cluster.py). Segments are taken by size,
/// the largest first, of equally large ones the one with the first voxel. One whose mean is closer than delta_d to that of an earlier one that was kept joins the nearest such; any other is
/// kept. Means are those of the mean-shift's segments. The authors leave their largest cluster, usually the background, out of this; here it is a segment as the others.
/// </summary>
/// <param name="options">Bandwidth and seeds of the mean-shift; the defaults where null.</param>
/// <param name="distance">delta_d: means closer than this are of one object.</param>
public sealed class MeanShiftPlusClustering(MeanShiftOptions? options = null, double distance = 2) : IClustering
{
    /// <inheritdoc/>
    public string Name => "ms+";

    /// <inheritdoc/>
    public Volume<int> Cluster(
        Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        if (!(distance >= 0))
            throw new ArgumentException($"MeanShiftPlusClustering: the distance must not be negative, got {distance}.");
        var segments = new MeanShiftClustering(options).Cluster(prediction, foreground, device, cancellation);
        var graph = SegmentGraph.Of(segments, segments.Data.Max(), prediction.Embeddings, withBorders: false);
        var targets = Targets(graph, distance);
        return Relabel.Compact(LabelImage.Map(segments, s => targets[s])).Labels;
    }

    /// <summary>The segment that every segment becomes a part of.</summary>
    private static int[] Targets(SegmentGraph graph, double distance)
    {
        var targets = new int[graph.Count + 1];
        var kept = new List<(int Segment, double[] Mean)>();
        foreach (var s in Enumerable.Range(1, graph.Count).OrderByDescending(graph.Size))
        {
            var mean = graph.Mean(s);
            var (nearest, least) = (0, distance * distance);
            foreach (var (other, otherMean) in kept)
                if (Squared(mean, otherMean) is var squared && squared < least)
                    (nearest, least) = (other, squared);
            targets[s] = nearest == 0 ? s : nearest;
            if (nearest == 0)
                kept.Add((s, mean));
        }

        return targets;
    }

    private static double Squared(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var c = 0; c < a.Length; c++)
            sum += (a[c] - b[c]) * (a[c] - b[c]);
        return sum;
    }
}
