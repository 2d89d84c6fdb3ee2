using System.Diagnostics;
using System.Reflection;
using ILGPU;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.Interleavings;

/// <summary>The Mutex Watershed under interleavings played on purpose, on the host and on devices; and its old bodies, which must fail.</summary>
public sealed unsafe class MutexWatershedPlayTests : FolderTests, IDisposable
{
    private const int Short = 2000;
    private const int Whole = 500;
    private const int Long = 10_000;

    private readonly HostDevice[] _hosts = [.. new[] { 2, 3, 5, 8 }.Select(n => (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = n }))];
    private readonly PlayedDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        foreach (var host in _hosts)
            host.Dispose();
    }

    [Test]
    public void The_old_chase_of_devices_is_found_out() => FindOut("MutexTreeKernels.Chase, Adopt", PlayOldAdoption);

    [Test]
    public void The_old_link_of_the_host_is_found_out() => FindOut("MutexTreeHost.Link", seed =>
    {
        var forest = Forest.Draw(seed);
        fixed (int* hook = forest.Hook.ToArray(), parent = forest.Parent.ToArray())
        {
            var player = new Player(seed, host: true);
            player.Memory.Allow((long)hook, 4 * forest.Nodes);
            player.Memory.Allow((long)parent, 4 * forest.Nodes);
            player.Run(forest.Nodes, forest.Workers, OldBodies.Roots(hook));
            player.Run(forest.Nodes, forest.Workers, OldBodies.Parents(hook, parent));
            forest.Check(new ReadOnlySpan<int>(parent, forest.Nodes));
            return player.Steps;
        }
    });

    [Test]
    public void The_old_unite_of_devices_is_found_out() => FindOut("ConcurrentSetsSimt.Unite", seed =>
        PlayUnion(seed, typeof(OldBodies).GetMethod(nameof(OldBodies.Unite))!));

    [TestCase(Short)]
    [TestCase(Long, Category = "Long")]
    public void Adoption_on_devices(int plays) =>
        PlayAll("MutexTreeKernels.Adopt", plays, PlayAdoption);

    [TestCase(Short)]
    [TestCase(Long, Category = "Long")]
    public void Union_on_devices(int plays) =>
        PlayAll("ConcurrentSetsSimt.Unite", plays, seed => PlayUnion(seed, typeof(MutexWatershedPlayTests).GetMethod(nameof(NewUnion), BindingFlags.Static | BindingFlags.NonPublic)!));

    [TestCase(Short)]
    [TestCase(Long, Category = "Long")]
    public void The_tree_of_the_host(int plays) => PlayAll("MutexTreeHost", plays, PlayHostTree);

    [TestCase(Whole)]
    [TestCase(Long, Category = "Long")]
    public void The_whole_on_the_host(int plays) => PlayAll("host", plays, PlayHost);

    [TestCase(Whole)]
    [TestCase(Long, Category = "Long")]
    public void Block_by_block(int plays) => PlayAll("blocks", plays, PlayBlocks);

    [TestCase(Whole)]
    [TestCase(Long, Category = "Long")]
    public void The_whole_on_devices(int plays) => PlayAll("device", plays, PlayDevice);

    /// <summary>A thread joins the ends of one edge.</summary>
    internal static void NewUnion(Index1D i, ArrayView<MutexEdge> edges, ArrayView<int> parent) =>
        ConcurrentSetsSimt.Unite(parent, edges[i].U, edges[i].V);

    private static void PlayAll(string name, int plays, Func<int, long> play)
    {
        var watch = Stopwatch.StartNew();
        var steps = 0L;
        for (var seed = 0; seed < plays; seed++)
            steps += play(seed);
        TestContext.Out.WriteLine($"{name}: {plays} plays, {steps} steps, {watch.Elapsed.TotalSeconds:F1} s.");
    }

    // The tree over the attractive edges of a graph does not depend on who did what.
    private long PlayHostTree(int seed)
    {
        var graph = seed % 2 == 0 ? MutexProblems.Path(3 + seed % 20, seed % 4 == 0) : MutexProblems.Graph(seed, 24);
        var edges = graph.AttractivePriorities.ToArray().Select((p, e) => new MutexEdge(
            graph.Attractive.Span[2 * e], graph.Attractive.Span[2 * e + 1], EdgeKey.Of(p, (uint)e), 0)).Where(e => e.U != e.V).ToArray();
        var (host, player) = (_hosts[seed % _hosts.Length], new Player(seed, host: true));
        var expected = Grow(host, edges, graph.Nodes, null);
        var found = Grow(host, edges, graph.Nodes, player);
        if (!found.SequenceEqual(expected))
            throw new PlayFault($"seed {seed}: the tree is not the one that a single thread grows");
        return player.Steps;
    }

    private static long[] Grow(HostDevice host, MutexEdge[] edges, int nodes, Player? player)
    {
        using var scratch = new HostScratch(host, "play");
        host.Workers.Runner = player;
        try
        {
            var tree = new MutexTreeHost(scratch, nodes);
            fixed (MutexEdge* list = edges)
                tree.Grow(list, edges.Length);
            return [.. tree.Starts, .. Enumerable.Range(0, tree.Nodes).SelectMany(i => new[] { tree.Parent[i], (long)tree.Best[i] })];
        }
        finally
        {
            host.Workers.Runner = null;
        }
    }

    private long PlayHost(int seed)
    {
        var (host, player) = (_hosts[seed % _hosts.Length], new Player(seed, host: true));
        host.Workers.Runner = player;
        try
        {
            CheckSegments(seed, host);
            return player.Steps;
        }
        finally
        {
            host.Workers.Runner = null;
        }
    }

    private long PlayBlocks(int seed)
    {
        var image = MutexProblems.Grid(seed, 5);
        var (depth, height, width) = (image.Depth, image.Height, image.Width);
        var random = new Random(seed);
        var player = new Player(seed, host: true);
        var mask = image.Mask.Length == 0 ? null : new MemoryReader<byte>(new Volume<byte>(image.Mask, depth, height, width));
        var weights = new MemoryReader<float>(MemoryVolumes.ChannelsLast(image.Weights, depth, height, width, image.Options.Offsets!.Count));
        using var labels = BlockwiseMutexWatershed.FromAffinities(weights, new BlockwiseOptions
        {
            Folder = PathOf($"blocks{seed}"), Memory = 100 << 20, Threads = 2 + seed % 4, Runner = player,
            BlockExtents = (random.Next(1, depth + 1), random.Next(1, height + 1), random.Next(1, width + 1)),
        }, image.Options, mask);
        var expected = SequentialMutexWatershed.FromAffinities(image.Weights, depth, height, width, image.Options, image.Mask);
        if (!MemoryVolumes.Of(labels).SequenceEqual(expected))
            throw new PlayFault($"seed {seed}: the labels are not those of the sequential rule");
        return player.Steps;
    }

    private long PlayDevice(int seed)
    {
        _device.Player = new Player(seed, host: false);
        CheckSegments(seed, _device.Device);
        return _device.Player.Steps;
    }

    // A small problem of any kind, by every round that there is, against the sequential rule.
    internal static void CheckSegments(int seed, ComputeDevice device)
    {
        var run = new MutexRun(device) { FinishBelow = 0, AlwaysNarrow = seed % 3 == 0 };
        int[] expected, found;
        if (seed % 2 == 0)
        {
            var graph = MutexProblems.Graph(seed, 16);
            (expected, found) = (SequentialMutexWatershed.FromGraph(graph), MutexWatershed.Segment(graph, run, default));
        }
        else
        {
            var image = MutexProblems.Grid(seed, 5);
            expected = SequentialMutexWatershed.FromAffinities(
                image.Weights, image.Depth, image.Height, image.Width, image.Options, image.Mask, image.Seeds);
            found = MutexWatershed.Segment(
                image.Weights, (image.Depth, image.Height, image.Width), image.Options, false, image.Mask, image.Seeds, run, default);
        }

        if (!found.SequenceEqual(expected))
            throw new PlayFault($"seed {seed}: the labels are not those of the sequential rule");
    }

    private static void FindOut(string name, Func<int, long> play)
    {
        var watch = Stopwatch.StartNew();
        var steps = 0L;
        for (var seed = 0; seed < 2000; seed++)
        {
            try
            {
                steps += play(seed);
            }
            catch (PlayFault fault)
            {
                TestContext.Out.WriteLine($"{name}: play {seed + 1}, after {steps} steps and {watch.ElapsedMilliseconds} ms: {fault.Message}");
                return;
            }
        }

        Assert.Fail($"{name}: 2000 plays, {steps} steps, and nothing found.");
    }

    // Nodes hook to others; then every node takes the parent of its root.
    private static long PlayOldAdoption(int seed)
    {
        var forest = Forest.Draw(seed);
        using var memory = new PlayedBuffers();
        var tree = new MutexTreeView { Hook = memory.Of(forest.Hook), Parent = memory.Of(forest.Parent) };
        var player = new Player(seed, host: false);
        memory.Bound(player);
        player.Launch(typeof(OldBodies).GetMethod(nameof(OldBodies.Chase))!, [new Index1D(forest.Nodes), 0, tree]);
        player.Launch(typeof(OldBodies).GetMethod(nameof(OldBodies.Adopt))!, [new Index1D(forest.Nodes), 0, tree]);
        forest.Check(PlayedBuffers.Read(tree.Parent));
        return player.Steps;
    }

    // The same where the number of a root is its parent.
    private static long PlayAdoption(int seed)
    {
        var forest = Forest.Draw(seed);
        using var memory = new PlayedBuffers();
        var words = new int[PrefixSum.Tile / PrefixSum.Run];
        var ranks = new int[forest.Nodes];
        var groups = 0;
        for (var i = 0; i < forest.Nodes; i++)
        {
            if (i % PrefixSum.Run == 0)
                words[i / PrefixSum.Run] = groups << PrefixSum.Run;
            ranks[i] = groups;
            if (forest.Hook[i] != i)
                continue;
            words[i / PrefixSum.Run] |= 1 << (i % PrefixSum.Run);
            groups++;
        }

        var tree = new MutexTreeView
        {
            Hook = memory.Of(forest.Hook), Parent = memory.Of(new int[forest.Nodes]), Best = memory.Of(Enumerable.Repeat(1ul, forest.Nodes).ToArray()),
            Starts = memory.Of(new[] { 0, forest.Nodes, 0 }),
        };
        var roots = new SelectedView { Words = memory.Of(words), Tiles = memory.Of(new int[1]), TilesPerRow = 1 };
        var ends = memory.Of(new[] { 0, groups });
        var player = new Player(seed, host: false);
        memory.Bound(player);
        player.Launch(typeof(MutexTreeKernels).GetMethod(nameof(MutexTreeKernels.Adopt))!, [new Index1D(forest.Nodes + seed % 3), 0, tree, roots, ends]);
        if (PlayedBuffers.Read(tree.Starts)[2] != forest.Nodes + groups)
            throw new PlayFault($"seed {seed}: the next level does not end where it should");
        forest.Check(PlayedBuffers.Read(tree.Parent), root => forest.Nodes + ranks[root]);
        return player.Steps;
    }

    private static long PlayUnion(int seed, MethodInfo unite)
    {
        var random = new Random(seed);
        var nodes = random.Next(2, 14);
        var edges = Enumerable.Range(0, random.Next(1, 2 * nodes)).Select(_ => new MutexEdge(random.Next(nodes), random.Next(nodes), 0, 0)).ToArray();
        using var memory = new PlayedBuffers();
        var (list, parent) = (memory.Of(edges), memory.Of(Enumerable.Range(0, nodes).ToArray()));
        var player = new Player(seed, host: false);
        memory.Bound(player);
        player.Launch(unite, [new Index1D(edges.Length), list, parent]);

        var expected = new DisjointSets(nodes);
        foreach (var edge in edges)
            expected.Union(edge.U, edge.V);
        var found = PlayedBuffers.Read(parent);
        for (var i = 0; i < nodes; i++)
        {
            var root = i;
            while (found[root] != root)
                root = found[root];
            var smallest = Enumerable.Range(0, nodes).First(j => expected.Find(j) == expected.Find(i));
            if (root != smallest)
                throw new PlayFault($"seed {seed}: node {i} ends at {root}, not at {smallest}");
        }

        return player.Steps;
    }

    /// <summary>Nodes hooked to others, chains among them, and the parents of the roots.</summary>
    private sealed class Forest
    {
        private const int Unset = -77;
        private int[] _roots = [];

        public int Nodes => Hook.Length;

        public int Workers { get; private init; }

        public int[] Hook { get; private init; } = [];

        public int[] Parent { get; private init; } = [];

        public static Forest Draw(int seed)
        {
            var random = new Random(seed);
            var nodes = random.Next(3, 24);
            var order = Enumerable.Range(0, nodes).ToArray();
            if (random.Next(2) == 0)
                random.Shuffle(order);
            var (hook, parent, reach) = (new int[nodes], new int[nodes], random.Next(1, 4));
            for (var i = 0; i < nodes; i++)
            {
                var isRoot = i == 0 || random.Next(10) == 0;
                hook[order[i]] = isRoot ? order[i] : order[Math.Max(0, i - random.Next(1, reach + 1))];
                parent[order[i]] = isRoot ? 1000 + i : Unset;
            }

            return new Forest
            {
                Hook = hook, Parent = parent, Workers = random.Next(2, 9), _roots = [.. Enumerable.Range(0, nodes).Select(i =>
                {
                    while (hook[i] != i)
                        i = hook[i];
                    return i;
                })],
            };
        }

        public void Check(ReadOnlySpan<int> parent) => Check(parent, root => Parent[root]);

        public void Check(ReadOnlySpan<int> parent, Func<int, int> parentOf)
        {
            for (var i = 0; i < Nodes; i++)
                if (parent[i] != parentOf(_roots[i]))
                    throw new PlayFault($"node {i} has parent {parent[i]}, its root {_roots[i]} has {parentOf(_roots[i])}");
        }
    }
}
