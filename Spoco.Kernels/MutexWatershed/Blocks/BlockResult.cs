namespace Spoco.Kernels.Primitives;

/// <summary>
/// A block, contracted by what is certain whatever the other blocks hold: clusters, one edge per pair of them with its place in the order of the whole image,
/// the edges to clusters of earlier blocks, and the strongest edges to every other block.
/// </summary>
internal sealed unsafe class BlockResult
{
    private readonly HostScratch _scratch;
    private readonly BlockLayout _layout;
    private readonly int _block;
    private readonly VoxelBox _box;

    private BlockResult(HostScratch scratch, BlockLayout layout, int block)
    {
        (_scratch, _layout, _block, _box) = (scratch, layout, block, layout.Box(block));
        Voxels = checked((int)_box.VoxelCount);
        Map = scratch.Take<int>(Voxels);
    }

    /// <summary>Voxels of the block.</summary>
    public int Voxels { get; }

    /// <summary>Number of clusters.</summary>
    public int Clusters { get; private set; }

    /// <summary>How many of them, the first ones, something outside may join. The others are finished: no edge of theirs can act.</summary>
    public int OpenClusters { get; private set; }

    /// <summary>Number of exits.</summary>
    public int ExitCount { get; private set; }

    /// <summary>Number of edges.</summary>
    public int EdgeCount { get; private set; }

    /// <summary>The cluster of every voxel; -1 outside the mask.</summary>
    public int* Map { get; }

    /// <summary>The first voxel of every cluster: its index in the whole image.</summary>
    public long* Firsts { get; private set; }

    /// <summary>Voxels of every cluster.</summary>
    public int* Sizes { get; private set; }

    /// <summary>Dimensions of an embedding.</summary>
    public int Dimensions { get; private set; }

    /// <summary>The sums of the embeddings of every cluster; null = not known.</summary>
    public double* Sums { get; private set; }

    /// <summary>Probabilities of the voxels of belonging to an object; null = not known.</summary>
    public float* Foreground { get; private set; }

    /// <summary>The strongest edges from a cluster to another block.</summary>
    public BlockExit* Exits { get; private set; }

    /// <summary>The edges within the block and to earlier ones.</summary>
    public BlockEdge* Edges { get; private set; }

    /// <summary>Contracts a block.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="layout">The blocks.</param>
    /// <param name="block">Which.</param>
    /// <param name="values">Its edges. The memory is returned.</param>
    /// <param name="grid">The graph within.</param>
    /// <param name="earlier">The results of earlier blocks.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    public static BlockResult Contract(
        HostScratch scratch, BlockLayout layout, int block, BlockValues values, MutexGrid grid, IBlockResults earlier,
        CancellationToken cancellation)
    {
        var result = new BlockResult(scratch, layout, block);
        var lists = MutexBlockHost.Contract(scratch, grid, values.Priorities, values.Mask, values.Exits(), result.Map, out var clusters, cancellation);
        (result.Clusters, result.OpenClusters) = (clusters, lists.Nodes);
        result.Foreground = values.Foreground;
        result.Measure(values);
        result.TakeEdges(values, lists, earlier);
        lists.Release();
        result.TakeExits(values);
        values.Release();
        return result;
    }

    private void Measure(BlockValues values)
    {
        Firsts = _scratch.Take<long>(Clusters);
        Sizes = _scratch.Take<int>(Clusters);
        _scratch.Clear(Sizes, Clusters);
        for (var i = 0; i < Voxels; i++)
            if (Map[i] >= 0 && Sizes[Map[i]]++ == 0)
            {
                var (z, y, x) = (_box.Z + i / _box.Width / _box.Height, _box.Y + i / _box.Width % _box.Height, _box.X + i % _box.Width);
                Firsts[Map[i]] = (long)_layout.Edge(0, z, y, x);
            }

        if (values.Embeddings == null)
            return;
        Dimensions = values.Dimensions;
        Sums = _scratch.Take<double>((long)Clusters * Dimensions);
        _scratch.Clear(Sums, (long)Clusters * Dimensions);
        for (var i = 0; i < Voxels; i++)
            if (Map[i] >= 0)
                ExactSums.Add(new Span<double>(Sums + (long)Map[i] * Dimensions, Dimensions), values.Embedding(i));
        values.ReleaseEmbeddings();
    }

    private void TakeEdges(BlockValues values, MutexLists lists, IBlockResults earlier)
    {
        var across = 0;
        for (var e = 0; e < values.CrossingCount; e++)
            if (Map[values.Crossing[e].Inner] < OpenClusters && BlockBeyond(values, e) < _block)
                across++;
        Edges = _scratch.Take<BlockEdge>(lists.Edges + across);
        var faces = new Span<BlockEdge>(Edges, across);
        EdgeCount = BlockGraph.Reduce(faces[..TakeFaces(values, faces, earlier)]);
        Add(lists.Attractive, lists.AttractiveCount);
        Add(lists.Repulsive, lists.RepulsiveCount);
        Add(lists.Mutexes, lists.MutexCount);
    }

    private void Add(MutexEdge* edges, int count)
    {
        for (var e = 0; e < count; e++)
            Edges[EdgeCount++] = new BlockEdge
            {
                U = edges[e].U, V = edges[e].V, Block = _block, Priority = (uint)(edges[e].Key >> 32),
                Edge = edges[e].Key == EdgeKey.Mutex ? BlockEdge.Mutex : InWhole(EdgeKey.Edge(edges[e].Key)),
            };
    }

    // Ids within a block and ids of the whole image have the same order.
    private ulong InWhole(uint edge)
    {
        var (channel, voxel) = Math.DivRem(edge, (uint)Voxels);
        var (row, x) = Math.DivRem((int)voxel, _box.Width);
        return _layout.Edge((int)channel, _box.Z + row / _box.Height, _box.Y + row % _box.Height, _box.X + x);
    }

    private int TakeFaces(BlockValues values, Span<BlockEdge> faces, IBlockResults earlier)
    {
        if (faces.IsEmpty)
            return 0;
        var around = _layout.Around(_box);
        var clusters = _scratch.Take<int>(around.VoxelCount);
        var open = new Dictionary<int, int>();
        foreach (var other in _layout.Touching(around))
        {
            if (other >= _block)
                continue;
            var (whole, common) = (_layout.Box(other), _layout.Box(other).Intersect(around));
            using var result = earlier.Open(other);
            open[other] = result.OpenClusters;
            for (var row = 0; row < common.Depth * common.Height; row++)
            {
                var (z, y) = (common.Z + row / common.Height, common.Y + row % common.Height);
                var there = clusters + ((long)(z - around.Z) * around.Height + y - around.Y) * around.Width + common.X - around.X;
                result.ReadMap(((long)(z - whole.Z) * whole.Height + y - whole.Y) * whole.Width + common.X - whole.X, new Span<int>(there, common.Width));
            }
        }

        var count = 0;
        for (var e = 0; e < values.CrossingCount; e++)
        {
            var edge = values.Crossing[e];
            var (z, y, x) = values.Outer(edge);
            if (Map[edge.Inner] >= OpenClusters || (_layout.IndexOf(z, y, x) is var other && other >= _block))
                continue;
            var beyond = clusters[((long)(z - around.Z) * around.Height + y - around.Y) * around.Width + x - around.X];
            if (beyond < open[other])
                faces[count++] = new BlockEdge { U = Map[edge.Inner], V = beyond, Block = other, Priority = edge.Priority, Edge = edge.Edge };
        }

        _scratch.Return(clusters);
        return count;
    }

    private void TakeExits(BlockValues values)
    {
        Exits = _scratch.Take<BlockExit>(values.CrossingCount);
        var count = 0;
        for (var e = 0; e < values.CrossingCount; e++)
        {
            var edge = values.Crossing[e];
            if (Map[edge.Inner] >= OpenClusters)
                continue;
            var isAttractive = edge.Edge < _layout.FirstRepulsive;
            Exits[count++] = new BlockExit
            {
                Node = Map[edge.Inner], Block = BlockBeyond(values, e),
                Attractive = isAttractive ? edge.Priority : 0, Repulsive = isAttractive ? 0 : edge.Priority,
            };
        }

        ExitCount = BlockGraph.Reduce(new Span<BlockExit>(Exits, count));
    }

    private int BlockBeyond(BlockValues values, int edge)
    {
        var (z, y, x) = values.Outer(values.Crossing[edge]);
        return _layout.IndexOf(z, y, x);
    }
}
