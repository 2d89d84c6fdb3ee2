using System.Runtime.InteropServices;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Gives fragments to their neighbours instead of deleting them. Not part of SPOCO: an extension for images whose embeddings crumble at object
/// borders, where a size floor would eat the borders.
/// <list type="number">
/// <item>Segments at or above the floor grow over adjacent fragments, best pair first: the nearest mean embeddings, or, without embeddings, the
/// longest shared border. A segment keeps its own mean while it grows, so that crumbs do not pull it away.</item>
/// <item>Fragments no such segment reaches join each other: always the smallest with its best neighbour, until it reaches the floor or stands
/// alone.</item>
/// </list>
/// Ties go to smaller labels, so that the result is determined.
/// </summary>
public static class FragmentMerging
{
    private const int StepsBetweenCancellationChecks = 1 << 12;

    /// <summary>Merges fragments into their neighbours.</summary>
    /// <param name="labels">Segments; 0 = background.</param>
    /// <param name="minimumVoxels">Segments with fewer voxels are fragments.</param>
    /// <param name="mask">Foreground: labels where it is 0 are set to 0 first. Null: everything labelled is foreground.</param>
    /// <param name="embeddings">[D, H, W, E]. Null: the longest shared border decides (counted in voxel faces).</param>
    /// <returns>The labels with fragments renamed; a fragment without neighbours stays.</returns>
    /// <exception cref="ArgumentException">The floor is negative, or sizes differ.</exception>
    public static Volume<int> Merge(Volume<int> labels, long minimumVoxels, Volume<byte>? mask = null, Volume<float>? embeddings = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelImage.CheckSingleChannel(labels, "FragmentMerging");
        LabelImage.CheckFits(labels, mask, "FragmentMerging", "the mask");
        LabelImage.CheckFits(labels, embeddings, "FragmentMerging", "the embedding image");
        if (minimumVoxels < 0)
            throw new ArgumentException($"FragmentMerging: the floor must not be negative, got {minimumVoxels}.");

        var foreground = mask is null ? labels : LabelImage.Like(labels, [.. labels.Data.Zip(mask.Data, (label, m) => m == 0 ? 0 : label)]);
        var (compact, _, names) = Relabel.Compact(foreground);
        var graph = SegmentGraph.Of(compact, names.Count - 1, embeddings);
        Merge(graph, minimumVoxels, names);
        return LabelImage.Map(compact, s => names[graph.Root(s)]);
    }

    /// <summary>Merges the fragments of a graph: by embedding where these are known, else by border.</summary>
    /// <param name="graph">Segments; none has been joined.</param>
    /// <param name="minimumVoxels">Segments with fewer voxels are fragments.</param>
    /// <param name="names">What decides between equals, the smaller first; null = the numbers of the segments.</param>
    /// <param name="cancellation">Checked now and then.</param>
    internal static void Merge(SegmentGraph graph, long minimumVoxels, IReadOnlyList<int>? names = null, CancellationToken cancellation = default)
    {
        var queue = new OfferQueue(graph.Count, names);
        Grow(graph, minimumVoxels, queue, cancellation);
        JoinIslands(graph, minimumVoxels, queue, names, cancellation);
    }

    private static int Name(IReadOnlyList<int>? names, int segment) => names is null ? segment : names[segment];

    private static void Grow(SegmentGraph graph, long minimumVoxels, OfferQueue offers, CancellationToken cancellation)
    {
        var byEmbedding = graph.Dimensions > 0;
        var shared = new Dictionary<(int Fragment, int Segment), long>();
        for (var s = 1; s <= graph.Count; s++)
            if (graph.Size(s) >= minimumVoxels)
                OfferNeighbours(s, s);
        for (var step = 0; offers.TryTake(out var fragment, out var segment, out _); step++)
        {
            if (step % StepsBetweenCancellationChecks == 0)
                cancellation.ThrowIfCancellationRequested();
            graph.Assign(segment, fragment);
            OfferNeighbours(segment, fragment);
        }

        // A border that grows is offered again.
        void OfferNeighbours(int segment, int part)
        {
            var neighbours = graph.FirstNeighbours(part);
            for (var i = 0; i < neighbours.Length; i++)
            {
                var fragment = neighbours[i];
                if (graph.Size(fragment) >= minimumVoxels || !graph.IsFree(fragment))
                    continue;
                var cost = byEmbedding
                    ? graph.SquaredDistance(fragment, segment)
                    : -(CollectionsMarshal.GetValueRefOrAddDefault(shared, (fragment, segment), out _) += graph.FirstFaces(part, i));
                offers.Offer(fragment, segment, cost);
            }
        }
    }

    // Fragments that are still free have no neighbours but free fragments: a larger segment beside one would have reached it.
    private static void JoinIslands(SegmentGraph graph, long minimumVoxels, OfferQueue smallest, IReadOnlyList<int>? names, CancellationToken cancellation)
    {
        for (var s = 1; s <= graph.Count; s++)
            if (graph.IsFree(s) && graph.Size(s) < minimumVoxels && !graph.FirstNeighbours(s).IsEmpty)
                smallest.Offer(s, s, graph.Size(s));
        for (var step = 0; smallest.TryTake(out var s, out _, out var size); step++)
        {
            if (step % StepsBetweenCancellationChecks == 0)
                cancellation.ThrowIfCancellationRequested();
            if (!graph.IsFree(s) || graph.Size(s) >= minimumVoxels)
                continue;
            // A segment that has grown since it was queued waits again, at its new size.
            if (graph.Size(s) != size)
                smallest.Offer(s, s, graph.Size(s));
            else if (Choose(graph, s, names) is { } best)
                graph.Absorb(best, s);
        }
    }

    private static int? Choose(SegmentGraph graph, int s, IReadOnlyList<int>? names)
    {
        int? best = null;
        var bestRank = (Cost: double.PositiveInfinity, Size: 0L, Name: 0);
        foreach (var (t, faces) in graph.Borders(s))
        {
            var rank = (Cost: graph.Dimensions > 0 ? graph.SquaredDistance(s, t) : -faces, -graph.Size(t), Name(names, t));
            if (best is null || rank.CompareTo(bestRank) < 0)
                (best, bestRank) = (t, rank);
        }

        return best;
    }
}
