namespace Spoco.Kernels.Primitives;

/// <summary>Given segments: the nodes of one seed are one cluster from the start, and different seeds exclude each other.</summary>
internal sealed class MutexSeeds
{
    /// <summary>More seeds than these are left to the sequential rule: each excludes every other.</summary>
    public const int Maximum = 2048;

    private MutexSeeds(int[] map, int clusters, List<int> seeded) => (Map, Clusters, Seeded) = (map, clusters, seeded);

    /// <summary>The cluster of each node, numbered in order of the first node; -1 outside the mask.</summary>
    public int[] Map { get; }

    /// <summary>Number of clusters.</summary>
    public int Clusters { get; }

    /// <summary>The clusters that are seeds.</summary>
    public IReadOnlyList<int> Seeded { get; }

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
                map[i] = ofSeed[seeds[i]] = clusters++;
        }

        return new MutexSeeds(map, clusters, [.. ofSeed.Values]);
    }

    /// <summary>Hands every pair of seeds to a list.</summary>
    public void ForEachPair(Action<int, int> action)
    {
        for (var i = 0; i < Seeded.Count; i++)
            for (var j = 0; j < i; j++)
                action(Seeded[i], Seeded[j]);
    }
}
