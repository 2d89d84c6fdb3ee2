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
        var segments = Measure(compact, names, embeddings);
        int[] target = [.. Enumerable.Range(0, segments.Length)];
        Grow(segments, target, minimumVoxels, embeddings is not null);
        JoinIslands(segments, target, minimumVoxels, embeddings is not null);
        return LabelImage.Map(compact, c => segments[Find(target, c)].Name);
    }

    private static void Grow(Segment[] segments, int[] target, long minimumVoxels, bool byEmbedding)
    {
        var queue = new PriorityQueue<(int Fragment, int Segment), (double Cost, int Fragment, int Segment)>();
        var shared = new Dictionary<(int Fragment, int Segment), long>();
        for (var s = 1; s < segments.Length; s++)
            if (segments[s].Size >= minimumVoxels)
                OfferNeighbours(s, s);
        while (queue.TryDequeue(out var pair, out _))
            if (target[pair.Fragment] == pair.Fragment)
            {
                target[pair.Fragment] = pair.Segment;
                OfferNeighbours(pair.Segment, pair.Fragment);
            }

        // A border that grows is queued again; the longer one comes up first, the shorter one finds the fragment taken.
        void OfferNeighbours(int segment, int part)
        {
            foreach (var (fragment, faces) in segments[part].Borders)
            {
                if (segments[fragment].Size >= minimumVoxels || target[fragment] != fragment)
                    continue;
                var cost = byEmbedding
                    ? segments[fragment].SquaredDistance(segments[segment])
                    : -(CollectionsMarshal.GetValueRefOrAddDefault(shared, (fragment, segment), out _) += faces);
                queue.Enqueue((fragment, segment), (cost, segments[fragment].Name, segments[segment].Name));
            }
        }
    }

    // Fragments that are still free have no neighbours but free fragments: a larger segment beside one would have reached it.
    private static void JoinIslands(Segment[] segments, int[] target, long minimumVoxels, bool byEmbedding)
    {
        var queue = new PriorityQueue<int, (long Size, int Name)>();
        for (var s = 1; s < segments.Length; s++)
            if (target[s] == s && segments[s].Size < minimumVoxels)
                queue.Enqueue(s, (segments[s].Size, segments[s].Name));
        while (queue.TryDequeue(out var s, out var key))
        {
            // A segment that has grown since it was queued waits at its new size.
            if (target[s] != s || segments[s].Size != key.Size || Choose(segments, s, byEmbedding) is not { } best)
                continue;
            target[s] = best;
            Absorb(segments, best, s);
            if (segments[best].Size < minimumVoxels)
                queue.Enqueue(best, (segments[best].Size, segments[best].Name));
        }
    }

    private static int Find(int[] target, int segment)
    {
        while (target[segment] != segment)
            segment = target[segment] = target[target[segment]];
        return segment;
    }

    private static Segment[] Measure(Volume<int> compact, IReadOnlyList<int> names, Volume<float>? embeddings)
    {
        var dimensions = embeddings?.Channels ?? 0;
        Segment[] segments = [.. names.Select(name => new Segment(name, dimensions))];
        var neighbourhood = new Neighbourhood(compact.Depth, compact.Height, compact.Width, Connectivity.Faces, precedingOnly: true);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        for (var i = 0; i < compact.Data.Length; i++)
        {
            if (compact.Data[i] is var c && c == 0)
                continue;
            segments[c].Size++;
            for (var e = 0; e < dimensions; e++)
                segments[c].Sum[e] += embeddings!.Data[(long)i * dimensions + e];
            foreach (var j in neighbours[..neighbourhood.Of(i, neighbours)])
                if (compact.Data[j] is var d && d != 0 && d != c)
                {
                    segments[c].AddBorder(d, 1);
                    segments[d].AddBorder(c, 1);
                }
        }
        return segments;
    }

    private static int? Choose(Segment[] segments, int s, bool byEmbedding)
    {
        int? best = null;
        var bestRank = (Cost: double.PositiveInfinity, Size: 0L, Name: 0);
        foreach (var (t, faces) in segments[s].Borders)
        {
            var rank = (Cost: byEmbedding ? segments[s].SquaredDistance(segments[t]) : -faces, -segments[t].Size, segments[t].Name);
            if (best is null || rank.CompareTo(bestRank) < 0)
                (best, bestRank) = (t, rank);
        }
        return best;
    }

    private static void Absorb(Segment[] segments, int target, int fragment)
    {
        var (into, from) = (segments[target], segments[fragment]);
        into.Size += from.Size;
        for (var e = 0; e < into.Sum.Length; e++)
            into.Sum[e] += from.Sum[e];
        into.Borders.Remove(fragment);
        foreach (var (other, faces) in from.Borders)
        {
            if (other == target)
                continue;
            segments[other].Borders.Remove(fragment);
            segments[other].AddBorder(target, faces);
            into.AddBorder(other, faces);
        }
        from.Borders.Clear();
    }

    private sealed class Segment(int name, int dimensions)
    {
        public int Name { get; } = name;

        public long Size { get; set; }

        public double[] Sum { get; } = new double[dimensions];

        /// <summary>Shared faces per neighbour.</summary>
        public Dictionary<int, long> Borders { get; } = [];

        public void AddBorder(int neighbour, long faces) => CollectionsMarshal.GetValueRefOrAddDefault(Borders, neighbour, out _) += faces;

        public double SquaredDistance(Segment other)
        {
            var sum = 0.0;
            for (var e = 0; e < Sum.Length; e++)
            {
                var difference = Sum[e] / Size - other.Sum[e] / other.Size;
                sum += difference * difference;
            }
            return sum;
        }
    }
}
