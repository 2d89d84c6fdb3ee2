namespace Spoco.Kernels.Primitives;

/// <summary>
/// Puts contracted blocks together, one after another. When the edges exceed the memory, the part of the image that has been seen is contracted as a block is:
/// by what is certain whatever is still to come. In the end nothing is to come, and what is left is solved. Clusters that nothing else may join are finished: they are
/// counted, and no longer there.
/// </summary>
internal sealed unsafe class BlockMerging
{
    // An edge as read, its entry in a table of pairs, in a list, and in that of the next round.
    private const long BytesPerEdge = 90;

    // Its node, and later its segment.
    private const long BytesPerCluster = 2 * sizeof(int);

    private readonly HostDevice _host;
    private readonly HostScratch _scratch;
    private readonly BlockLayout _layout;
    private readonly IBlockResults _results;
    private readonly long _capacity;
    private readonly int[] _starts;
    // Of a cluster that is finished: the complement of its number among these.
    private readonly int[] _nodeOf;
    private readonly CancellationToken _cancellation;
    private BlockEdge* _edges;
    private BlockExit[] _exits = [];
    private long _remaining;
    private int _count;
    private int _nodes;
    private int _finished;

    private BlockMerging(HostDevice host, HostScratch scratch, BlockLayout layout, IBlockResults results, long? edges, long memory, CancellationToken cancellation)
    {
        (_host, _scratch, _layout, _results, _cancellation) = (host, scratch, layout, results, cancellation);
        _starts = new int[layout.Count + 1];
        for (var b = 0; b < layout.Count; b++)
        {
            using var file = results.Open(b);
            _remaining += file.Edges;
            var clusters = (long)_starts[b] + file.Clusters;
            if (clusters > Array.MaxLength)
                throw new ArgumentException("BlockwiseMutexWatershed: the blocks have more than 2^31 clusters; give more memory.");
            _starts[b + 1] = (int)clusters;
        }

        var own = (long)_starts[^1] * BytesPerCluster;
        var capacity = edges ?? Math.Max(0, memory - own) / BytesPerEdge;
        _capacity = Math.Min(Math.Min(capacity, Array.MaxLength), Math.Max(_remaining, 1));
        _nodeOf = new int[_starts[^1]];
        _edges = scratch.Take<BlockEdge>(_capacity);
    }

    /// <summary>Puts all blocks together.</summary>
    /// <param name="host">Where to compute.</param>
    /// <param name="layout">The blocks.</param>
    /// <param name="results">Their results.</param>
    /// <param name="edges">Edges to be held at most; null = as many as the memory allows.</param>
    /// <param name="memory">Bytes for it.</param>
    /// <param name="shortage">Receives what is missing where the memory is too little.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The segment of every cluster of every block, from 1, and where each block's begin; null where the memory is too little.</returns>
    public static (int[] Segments, int[] Starts)? Merge(
        HostDevice host, BlockLayout layout, IBlockResults results, long? edges, long memory, out MergeShortage shortage, CancellationToken cancellation)
    {
        using var scratch = new HostScratch(host, "BlockwiseMutexWatershed");
        var merging = new BlockMerging(host, scratch, layout, results, edges, memory, cancellation);
        for (var b = 0; b < layout.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!merging.Add(b, out shortage))
                return null;
        }

        shortage = default;
        return (merging.Solve(), merging._starts);
    }

    private bool Add(int block, out MergeShortage shortage)
    {
        shortage = default;
        using var file = _results.Open(block);
        if (_count + (long)file.Edges > _capacity)
        {
            Contract(block);
            if (_count + (long)file.Edges > _capacity)
            {
                // With room for all that is left now and for all that is to come, nothing more has to be contracted on the way.
                var needed = (long)_starts[^1] * BytesPerCluster + (_count + _remaining) * BytesPerEdge;
                shortage = new MergeShortage(_count + (long)file.Edges, _capacity, needed);
                return false;
            }
        }

        _remaining -= file.Edges;

        var start = _starts[block];
        for (var i = 0; i < file.Clusters; i++)
            _nodeOf[start + i] = i < file.OpenClusters ? _nodes++ : ~_finished++;
        var edges = new Span<BlockEdge>(_edges + _count, file.Edges);
        file.ReadEdges(edges);
        foreach (ref var edge in edges)
        {
            if ((uint)edge.V >= (uint)(_starts[edge.Block + 1] - _starts[edge.Block]))
                throw file.Damaged();
            (edge.U, edge.V) = (_nodeOf[start + edge.U], _nodeOf[_starts[edge.Block] + edge.V]);
            // What has been finished on the way has no edge that can act: this one is a loop that has no effect.
            if (edge.V < 0)
                edge.V = edge.U;
        }

        _count += edges.Length;
        var exits = new BlockExit[file.Exits];
        file.ReadExits(exits);
        // Edges to blocks that are here have come with this block, or will come with none.
        _exits = [.. _exits.Where(e => e.Block > block), .. exits.Where(e => e.Block > block).Select(e => e with { Node = _nodeOf[start + e.Node] })];
        return true;
    }

    private void Contract(int next)
    {
        var (pairs, ids, firstRepulsive) = Pairs();
        var exits = new MutexExits(_scratch, _nodes);
        foreach (var exit in _exits)
        {
            if (exit.Attractive != 0)
                exits.Add(exit.Node, exit.Attractive, isAttractive: true);
            if (exit.Repulsive != 0)
                exits.Add(exit.Node, exit.Repulsive, isAttractive: false);
        }

        var map = _scratch.Take<int>(_nodes);
        var lists = MutexBlockHost.Contract(_scratch, _nodes, pairs, firstRepulsive, exits, map, out var clusters, _cancellation);
        for (var i = 0; i < _starts[next]; i++)
            if (_nodeOf[i] >= 0)
                _nodeOf[i] = map[_nodeOf[i]] is var cluster && cluster < lists.Nodes ? cluster : ~(_finished + cluster - lists.Nodes);
        _finished += clusters - lists.Nodes;
        foreach (ref var exit in _exits.AsSpan())
            exit.Node = map[exit.Node];
        _exits = [.. _exits.Where(e => e.Node < lists.Nodes)];
        _exits = _exits[..BlockGraph.Reduce(_exits.AsSpan())];
        _scratch.Return(map);
        _nodes = lists.Nodes;
        _count = 0;
        _edges = _scratch.Take<BlockEdge>(_capacity);
        TakeBack(lists.Attractive, lists.AttractiveCount, ids);
        TakeBack(lists.Repulsive, lists.RepulsiveCount, ids);
        TakeBack(lists.Mutexes, lists.MutexCount, ids);
        lists.Release();
        _scratch.Return((ulong*)ids);
    }

    private int[] Solve()
    {
        var count = _count;
        var ids = ToKeys(out var firstRepulsive);
        _scratch.Return(ids);
        var labels = new int[_nodes];
        using (var solver = MutexWatershedChooser.Open(new MutexRun(_host), _cancellation))
            solver.FromEdges(_nodes, new ReadOnlySpan<MutexEdge>(_edges, count), firstRepulsive, [], labels);
        var segments = labels.Length == 0 ? 0 : labels.Max();
        for (var i = 0; i < _nodeOf.Length; i++)
            _nodeOf[i] = _nodeOf[i] >= 0 ? labels[_nodeOf[i]] : segments + 1 + ~_nodeOf[i];
        return _nodeOf;
    }

    private (MutexPairsHost Pairs, nint Ids, uint FirstRepulsive) Pairs()
    {
        var ids = ToKeys(out var firstRepulsive);
        var pairs = MutexPairsHost.Of(_scratch, _nodes, (MutexEdge*)_edges, _count);
        _scratch.Return(_edges);
        return (pairs, (nint)ids, firstRepulsive);
    }

    // The solver's keys have 32 bits for the id: the ranks of the ids keep their order. Both kinds of edges have 24 bytes, and lie in the same memory.
    private ulong* ToKeys(out uint firstRepulsive)
    {
        var edges = new Span<BlockEdge>(_edges, _count);
        var kept = BlockGraph.SortById(edges);
        var ids = _scratch.Take<ulong>(kept);
        var keys = (MutexEdge*)_edges;
        firstRepulsive = 0;
        for (var e = 0; e < _count; e++)
        {
            var edge = _edges[e];
            if (e < kept)
                ids[e] = edge.Edge;
            if (e < kept && edge.Edge < _layout.FirstRepulsive)
                firstRepulsive++;
            keys[e] = new MutexEdge(edge.U, edge.V, e < kept ? ((ulong)edge.Priority << 32) | ~(uint)e : EdgeKey.Mutex, 0);
        }

        return ids;
    }

    private void TakeBack(MutexEdge* edges, int count, nint ids)
    {
        for (var e = 0; e < count; e++)
            _edges[_count++] = new BlockEdge
            {
                U = edges[e].U, V = edges[e].V, Priority = (uint)(edges[e].Key >> 32),
                Edge = edges[e].Key == EdgeKey.Mutex ? BlockEdge.Mutex : ((ulong*)ids)[EdgeKey.Edge(edges[e].Key)],
            };
    }
}

/// <summary>Why blocks cannot be put together.</summary>
/// <param name="Edges">That there are at once.</param>
/// <param name="Capacity">Edges that there is room for.</param>
/// <param name="NeededBytes">Memory that is enough.</param>
internal readonly record struct MergeShortage(long Edges, long Capacity, long NeededBytes);
