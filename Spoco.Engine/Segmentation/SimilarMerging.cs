namespace Spoco.Engine.Segmentation;

/// <summary>
/// Joins neighbouring segments whose mean embeddings are closer than a distance, nearest pair first, until none is left. Training pushes the means of two
/// objects 2 delta_d apart, so segments much closer than that are parts of one object: the idea of the paper's <c>ms+</c> (A.4), applied to neighbours.
/// </summary>
public static class SimilarMerging
{
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
        var graph = SegmentGraph.Of(labels, embeddings);
        var segments = graph.Segments;
        var queue = new PriorityQueue<(int A, int B, long Sizes), (double SquaredDistance, int A, int B)>();
        for (var s = 1; s < segments.Count; s++)
            foreach (var t in segments[s].Borders.Keys.Where(t => t > s))
                Offer(s, t);
        while (queue.TryDequeue(out var pair, out _))
        {
            var (a, b) = (segments[pair.A], segments[pair.B]);

            // A pair of which one has grown or gone since waits under its new distance, or not at all.
            if (!graph.IsFree(pair.A) || !graph.IsFree(pair.B) || a.Size + b.Size != pair.Sizes)
                continue;
            var (into, from) = a.Size >= b.Size ? (pair.A, pair.B) : (pair.B, pair.A);
            graph.Absorb(into, from);
            foreach (var t in segments[into].Borders.Keys)
                Offer(Math.Min(into, t), Math.Max(into, t));
        }

        return graph.Labels();

        void Offer(int a, int b)
        {
            var squared = segments[a].SquaredDistance(segments[b]);
            if (squared < distance * distance)
                queue.Enqueue((a, b, segments[a].Size + segments[b].Size), (squared, a, b));
        }
    }
}
