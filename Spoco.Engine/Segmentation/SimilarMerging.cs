namespace Spoco.Engine.Segmentation;

/// <summary>
/// Joins neighbouring segments whose mean embeddings are closer than a distance, nearest pair first, until none is left. Training pushes the means of two
/// objects 2 delta_d apart, so segments much closer than that are parts of one object: the idea of the paper's <c>ms+</c> (A.4), applied to neighbours.
/// </summary>
public static class SimilarMerging
{
    private const int StepsBetweenCancellationChecks = 1 << 12;

    /// <summary>Joins similar neighbours.</summary>
    /// <param name="labels">Segments; 0 = background, which is joined with nothing.</param>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="distance">Means closer than this are joined; a joined segment has the mean of all its voxels. 0 joins nothing.</param>
    /// <returns>The labels, a joined segment under the name of its larger part.</returns>
    /// <exception cref="ArgumentException">Sizes differ, or the distance is negative.</exception>
    public static Volume<int> Merge(Volume<int> labels, Volume<float> embeddings, double distance)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(embeddings);
        LabelImage.CheckSingleChannel(labels, "SimilarMerging");
        LabelImage.CheckFits(labels, embeddings, "SimilarMerging", "the embedding image");
        if (!(distance >= 0))
            throw new ArgumentException($"SimilarMerging: the distance must not be negative, got {distance}.");
        var (compact, _, names) = Relabel.Compact(labels);
        var graph = SegmentGraph.Of(compact, names.Count - 1, embeddings);
        Merge(graph, distance);
        return LabelImage.Map(compact, s => names[graph.Root(s)]);
    }

    /// <summary>Joins similar neighbours of a graph.</summary>
    /// <param name="graph">Segments with embeddings; none has been joined.</param>
    /// <param name="distance">Means closer than this are joined.</param>
    /// <param name="cancellation">Checked now and then.</param>
    internal static void Merge(SegmentGraph graph, double distance, CancellationToken cancellation = default)
    {
        var nearest = new NearestNeighbours(graph, distance);
        var queue = new OfferQueue(graph.Count, null);
        for (var s = 1; s <= graph.Count; s++)
            Offer(s);
        for (var step = 0; queue.TryTake(out var s, out var t, out var squared); step++)
        {
            if (step % StepsBetweenCancellationChecks == 0)
                cancellation.ThrowIfCancellationRequested();
            if (!graph.IsFree(s))
                continue;
            // Of the nearest pair the one that was changed last knows the other: it has looked since. What the other one knows may be older, and nearer than anything is now.
            if (!graph.IsFree(t) || graph.SquaredDistance(s, t) != squared)
            {
                Offer(s);
                continue;
            }

            var (first, second) = (Math.Min(s, t), Math.Max(s, t));
            var (into, from) = graph.Size(first) >= graph.Size(second) ? (first, second) : (second, first);
            nearest.Absorb(into, from);
            Offer(into);
        }

        void Offer(int segment)
        {
            if (nearest.Of(segment) is (var neighbour, var squared) && neighbour != 0)
                queue.Offer(segment, neighbour, squared);
        }
    }
}
