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
        var (compact, _, names) = Relabel.Compact(labels);
        var graph = SegmentGraph.Of(compact, names.Count - 1, embeddings);
        Merge(graph, distance);
        return LabelImage.Map(compact, s => names[graph.Root(s)]);
    }

    /// <summary>Joins similar neighbours of a graph.</summary>
    /// <param name="graph">Segments with embeddings; none has been joined.</param>
    /// <param name="distance">Means closer than this are joined.</param>
    internal static void Merge(SegmentGraph graph, double distance)
    {
        var queue = new PriorityQueue<(int A, int B, long Sizes), (double SquaredDistance, int A, int B)>();
        for (var s = 1; s <= graph.Count; s++)
            foreach (var t in graph.FirstNeighbours(s))
                if (t > s)
                    Offer(s, t);
        while (queue.TryDequeue(out var pair, out _))
        {
            // A pair of which one has grown or gone since waits under its new distance, or not at all.
            if (!graph.IsFree(pair.A) || !graph.IsFree(pair.B) || graph.Size(pair.A) + graph.Size(pair.B) != pair.Sizes)
                continue;
            var (into, from) = graph.Size(pair.A) >= graph.Size(pair.B) ? (pair.A, pair.B) : (pair.B, pair.A);
            graph.Absorb(into, from);
            foreach (var (t, _) in graph.Borders(into))
                Offer(Math.Min(into, t), Math.Max(into, t));
        }

        void Offer(int a, int b)
        {
            var squared = graph.SquaredDistance(a, b);
            if (squared < distance * distance)
                queue.Enqueue((a, b, graph.Size(a) + graph.Size(b)), (squared, a, b));
        }
    }
}
