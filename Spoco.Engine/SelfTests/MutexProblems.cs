using Spoco.Engine.Segmentation;

namespace Spoco.Engine.SelfTests;

/// <summary>Random problems for the Mutex Watershed; the seed alone determines one.</summary>
internal static class MutexProblems
{
    /// <summary>Kinds of random weights.</summary>
    public const int WeightFamilies = 6;

    /// <summary>A graph with loops and repeated edges, sometimes with mutexes and seeds.</summary>
    public static MutexGraph Graph(int seed, int maximumNodes)
    {
        var random = new Random(seed);
        var nodes = random.Next(1, maximumNodes);
        var density = random.Next(1, 6);
        var attractive = Ends(random, nodes, random.Next(0, density * nodes));
        var repulsive = Ends(random, nodes, random.Next(0, density * nodes));
        return new MutexGraph
        {
            Nodes = nodes,
            Attractive = attractive,
            AttractivePriorities = Weights(random, attractive.Length / 2, seed % WeightFamilies),
            Repulsive = repulsive,
            RepulsivePriorities = Weights(random, repulsive.Length / 2, seed % WeightFamilies),
            Mutexes = random.Next(3) == 0 ? Ends(random, nodes, random.Next(nodes)) : [],
            Seeds = random.Next(3) == 0
                ? [.. Enumerable.Range(0, nodes).Select(_ => random.Next(4) == 0 ? random.Next(1, 9) : 0)] : Array.Empty<int>(),
        };
    }

    /// <summary>An image or a volume: offsets, strides, mask and seeds vary.</summary>
    public static MutexImage Grid(int seed, int maximumExtent)
    {
        var random = new Random(seed);
        var depth = random.Next(2) == 0 ? 1 : random.Next(2, 7);
        var (height, width) = (random.Next(1, maximumExtent), random.Next(1, maximumExtent));
        var voxels = depth * height * width;
        var offsets = random.Next(2) == 0 ? [.. MutexWatershedOptions.SpocoOffsets(depth > 1)] : Offsets(random);
        var options = new MutexWatershedOptions
        {
            Offsets = offsets,
            AttractiveOffsets = random.Next(3) == 0 ? random.Next(0, offsets.Length + 1) : null,
            Strides = random.Next(3) == 0 ? (random.Next(1, 3), random.Next(1, 4), random.Next(1, 4)) : (1, 1, 1),
            RandomStrides = random.Next(2) == 0,
            Seed = (ulong)seed,
            AttractiveReference = random.Next(2) == 0 ? AttractiveReference.One : AttractiveReference.Max,
            RepulsiveBias = random.Next(2) == 0 ? 0 : 0.25f,
        };
        return new MutexImage(
            depth, height, width, Weights(random, voxels * offsets.Length, seed % WeightFamilies), options,
            random.Next(2) == 0 ? [.. Enumerable.Range(0, voxels).Select(_ => (byte)(random.Next(4) == 0 ? 0 : 1))] : [],
            random.Next(4) == 0 ? [.. Enumerable.Range(0, voxels).Select(_ => random.Next(8) == 0 ? random.Next(1, 9) : 0)] : []);
    }

    /// <summary>Random weights of a family: uniform, of three levels, cut at 1, tiny, of both signs, zeros of both signs.</summary>
    public static float[] Weights(Random random, int count, int family) => [.. Enumerable.Range(0, count).Select(_ => family switch
    {
        0 => random.NextSingle(),
        1 => random.Next(3) / 2f,
        2 => Math.Min(1, random.NextSingle() * 1.6f),
        3 => random.NextSingle() * 1e-30f,
        4 => random.NextSingle() - 0.5f,
        _ => random.Next(-1, 2) * 0f,
    })];

    /// <summary>Ends of random edges.</summary>
    public static int[] Ends(Random random, int nodes, int edges) => [.. Enumerable.Range(0, 2 * edges).Select(_ => random.Next(nodes))];

    /// <summary>Six random offsets.</summary>
    public static VoxelOffset[] Offsets(Random random)
    {
        var offsets = new List<VoxelOffset>();
        while (offsets.Count < 6)
            if (new VoxelOffset(random.Next(-2, 3), random.Next(-4, 5), random.Next(-30, 31)) is var o && o != default)
                offsets.Add(o);
        return [.. offsets];
    }

    /// <summary>
    /// A path whose priorities fall (or fall and rise in turns), with repulsive edges over some steps of it: nodes join one after another.
    /// </summary>
    public static MutexGraph Path(int nodes, bool zigzag)
    {
        var random = new Random(nodes);
        var repulsive = Ends(random, nodes, nodes / 4).Select((end, i) => i % 2 == 0 ? Math.Min(end, nodes - 8) : end).ToArray();
        for (var e = 1; e < repulsive.Length; e += 2)
            repulsive[e] = repulsive[e - 1] + 2 + e % 5;
        return new MutexGraph
        {
            Nodes = nodes,
            Attractive = Enumerable.Range(0, 2 * (nodes - 1)).Select(i => (i + 1) / 2).ToArray(),
            AttractivePriorities = Enumerable.Range(0, nodes - 1).Select(i => (zigzag && i / 100 % 2 == 1 ? i : nodes - i) / (float)nodes).ToArray(),
            Repulsive = repulsive,
            RepulsivePriorities = repulsive.Where((_, i) => i % 2 == 0).Select(_ => random.NextSingle()).ToArray(),
        };
    }

    /// <summary>Teeth on a spine: each tooth joins the spine weakly, and every second pair of neighbouring teeth excludes each other.</summary>
    public static MutexGraph Comb(int teeth)
    {
        var (spine, length) = (teeth, 8);
        var attractive = new List<int>();
        var priorities = new List<float>();
        for (var t = 0; t < teeth; t++)
        {
            if (t > 0)
                Add(t - 1, t, 1 - t / (2f * teeth));
            for (var k = 0; k < length; k++)
                Add(k == 0 ? t : spine + t * length + k - 1, spine + t * length + k, 0.4f - k / 100f);
        }

        var repulsive = Enumerable.Range(0, teeth / 2).SelectMany(t => new[] { spine + 2 * t * length, spine + (2 * t + 1) * length }).ToArray();
        return new MutexGraph
        {
            Nodes = spine * (length + 1),
            Attractive = attractive.ToArray(),
            AttractivePriorities = priorities.ToArray(),
            Repulsive = repulsive,
            RepulsivePriorities = Enumerable.Range(0, teeth / 2).Select(t => t % 3 == 0 ? 0.9f : 0.395f).ToArray(),
        };

        void Add(int u, int v, float priority)
        {
            attractive.AddRange([u, v]);
            priorities.Add(priority);
        }
    }
}

/// <summary>Weights of an image's edges and what goes with them.</summary>
internal sealed record MutexImage(int Depth, int Height, int Width, float[] Weights, MutexWatershedOptions Options, byte[] Mask, int[] Seeds);
