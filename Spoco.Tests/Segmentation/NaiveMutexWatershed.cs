namespace Spoco.Tests.Segmentation;

/// <summary>
/// Mutex Watershed as its definition reads: edges sorted by descending priority and ascending id, every cluster a set of nodes and a set of cluster
/// ids it excludes. Shares nothing with the implementation under test.
/// </summary>
internal static class NaiveMutexWatershed
{
    internal readonly record struct Edge(int U, int V, float Priority, bool Attractive, long Id);

    internal static int[] Segment(int nodes, IEnumerable<Edge> edges, Func<int, bool>? isForeground = null)
    {
        var cluster = Enumerable.Range(0, nodes).ToArray();
        var members = cluster.Select(i => new HashSet<int> { i }).ToArray();
        var excluded = cluster.Select(_ => new HashSet<int>()).ToArray();
        foreach (var edge in edges.OrderByDescending(e => e.Priority).ThenBy(e => e.Id))
        {
            var (a, b) = (cluster[edge.U], cluster[edge.V]);
            if (a == b)
                continue;
            if (!edge.Attractive)
            {
                excluded[a].Add(b);
                excluded[b].Add(a);
                continue;
            }
            if (excluded[a].Contains(b))
                continue;
            foreach (var node in members[b])
                cluster[node] = a;
            members[a].UnionWith(members[b]);
            foreach (var other in excluded[b])
            {
                excluded[other].Remove(b);
                excluded[other].Add(a);
                excluded[a].Add(other);
            }
        }
        var labels = new int[nodes];
        var names = new Dictionary<int, int>();
        for (var i = 0; i < nodes; i++)
            if (isForeground is null || isForeground(i))
            {
                if (!names.TryGetValue(cluster[i], out var name))
                    names[cluster[i]] = name = names.Count + 1;
                labels[i] = name;
            }
        return labels;
    }

    /// <summary>The edges (i, i + offset) of a grid, found by walking coordinates.</summary>
    internal static IEnumerable<Edge> GridEdges(
        float[] priorities, int[] extents, IReadOnlyList<(int Z, int Y, int X)> offsets, int attractive, byte[]? mask, (int Z, int Y, int X) strides)
    {
        var (depth, height, width) = (extents[0], extents[1], extents[2]);
        var voxels = depth * height * width;
        for (var c = 0; c < offsets.Count; c++)
            for (var i = 0; i < voxels; i++)
            {
                var (z, y, x) = (i / (height * width), i / width % height, i % width);
                var (z2, y2, x2) = (z + offsets[c].Z, y + offsets[c].Y, x + offsets[c].X);
                if (z2 < 0 || y2 < 0 || x2 < 0 || z2 >= depth || y2 >= height || x2 >= width)
                    continue;
                var j = (z2 * height + y2) * width + x2;
                if (mask is not null && (mask[i] == 0 || mask[j] == 0))
                    continue;
                if (c >= attractive && (z % strides.Z != 0 || y % strides.Y != 0 || x % strides.X != 0))
                    continue;
                yield return new Edge(i, j, priorities[c * voxels + i], c < attractive, (long)c * voxels + i);
            }
    }
}
