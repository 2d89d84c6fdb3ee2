namespace Spoco.Kernels.Primitives;

/// <summary>Given segments: the nodes of one seed are one cluster from the start, and different seeds exclude each other.</summary>
internal sealed class MutexSeeds
{
    /// <summary>More seeds than these are left to the sequential rule: each excludes every other.</summary>
    public const int Maximum = 2048;

    private MutexSeeds(int[] map, int clusters, List<int> nodes) =>
        (Map, Clusters, Nodes, Seeded) = (map, clusters, nodes, [.. nodes.Select(node => map[node])]);

    /// <summary>The cluster of each node, numbered in order of the first node; -1 outside the mask.</summary>
    public int[] Map { get; }

    /// <summary>Number of clusters.</summary>
    public int Clusters { get; }

    /// <summary>The clusters that are seeds.</summary>
    public IReadOnlyList<int> Seeded { get; }

    /// <summary>The first node of every seed.</summary>
    public IReadOnlyList<int> Nodes { get; }

    /// <summary>Number of different seeds.</summary>
    public static int Count(ReadOnlySpan<int> seeds)
    {
        var different = new HashSet<int>();
        var last = 0;
        foreach (var seed in seeds)
            if (seed != last && seed != 0)
                different.Add(last = seed);
        return different.Count;
    }

    /// <summary>Contracts the nodes of every seed.</summary>
    /// <param name="seeds">A seed per node; 0 = none.</param>
    /// <param name="mask">Nodes that are 0 here are in no cluster; empty = all count.</param>
    public static MutexSeeds Contract(ReadOnlySpan<int> seeds, ReadOnlySpan<byte> mask)
    {
        var map = new int[seeds.Length];
        var ofSeed = new Dictionary<int, int>();
        var nodes = new List<int>();
        var clusters = 0;
        for (var i = 0; i < map.Length; i++)
        {
            if (!mask.IsEmpty && mask[i] == 0)
                map[i] = -1;
            else if (seeds[i] == 0)
                map[i] = clusters++;
            else if (ofSeed.TryGetValue(seeds[i], out var cluster))
                map[i] = cluster;
            else
            {
                map[i] = ofSeed[seeds[i]] = clusters++;
                nodes.Add(i);
            }
        }

        return new MutexSeeds(map, clusters, nodes);
    }

    /// <summary>The pairs of seeds, which exclude each other.</summary>
    /// <param name="ends">The seeds, as <see cref="Seeded"/> or as <see cref="Nodes"/>.</param>
    public static MutexEdge[] Pairs(IReadOnlyList<int> ends)
    {
        var pairs = new MutexEdge[ends.Count * (ends.Count - 1) / 2];
        var count = 0;
        for (var i = 0; i < ends.Count; i++)
            for (var j = 0; j < i; j++)
                pairs[count++] = new MutexEdge(ends[i], ends[j], EdgeKey.Mutex, 0);
        return pairs;
    }

    /// <summary>Hands every pair of seeds to a list.</summary>
    public void ForEachPair(Action<int, int> action)
    {
        for (var i = 0; i < Seeded.Count; i++)
            for (var j = 0; j < i; j++)
                action(Seeded[i], Seeded[j]);
    }
}
