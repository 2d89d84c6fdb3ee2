using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Union-find whose clusters can exclude each other. Every root heads a linked list of the clusters it excludes; an exclusion appends one node to
/// each side, a merge joins two lists in constant time. Whether two clusters exclude each other is found by walking the shorter list, so M exclusions
/// cost all successful merges O(M log M) steps. A refused merge walks as well, up to the partner that refuses it; long lists therefore drop partners
/// that have become one cluster. Nothing is allocated per edge: the list nodes lie in one array that doubles.
/// </summary>
internal sealed class MutexSets
{
    private const int None = -1;

    // Walking a list this short costs less than marking its partners to find repeated ones.
    private const int ShortList = 8;

    private readonly int[] _parent;
    private readonly Exclusions[] _exclusions;
    private int[]? _seeds;
    private int _walk;
    private Node[] _nodes = new Node[1024];
    private int _nodeCount;

    public MutexSets(int nodes)
    {
        _parent = new int[nodes];
        for (var i = 0; i < nodes; i++)
            _parent[i] = i;
        _exclusions = new Exclusions[nodes];
        _exclusions.AsSpan().Fill(new Exclusions { Head = None });
    }

    /// <summary>Joins the nodes of every seed, and makes different seeds exclude each other for ever; 0 = no seed.</summary>
    public void Seed(ReadOnlySpan<int> seeds, ReadOnlySpan<byte> mask)
    {
        var first = new Dictionary<int, int>();
        for (var i = 0; i < seeds.Length; i++)
            if (seeds[i] != 0 && (mask.IsEmpty || mask[i] != 0) && !first.TryAdd(seeds[i], i))
                Attract(first[seeds[i]], i);
        _seeds = new int[_parent.Length];
        foreach (var (seed, node) in first)
            _seeds[Find(node)] = seed;
    }

    /// <summary>The root of a node's cluster; halves the path on the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int node)
    {
        var parent = _parent;
        while (true)
        {
            var up = parent[node];
            if (up == node)
                return node;
            var above = parent[up];
            parent[node] = above;
            node = above;
        }
    }

    /// <summary>Joins the clusters of two nodes unless they exclude each other.</summary>
    public void Attract(int u, int v)
    {
        var a = Find(u);
        var b = Find(v);
        if (a == b || (_seeds is not null && _seeds[a] != 0 && _seeds[b] != 0))
            return;
        if (_exclusions[a].Length < _exclusions[b].Length || (_exclusions[a].Length == _exclusions[b].Length && a > b))
            (a, b) = (b, a);
        ref var longer = ref _exclusions[a];
        ref var shorter = ref _exclusions[b];
        if (shorter.Head != None)
        {
            if (Walk(ref shorter, a))
                return;
            _nodes[longer.Tail].Next = shorter.Head;
            longer.Tail = shorter.Tail;
            longer.Length += shorter.Length;
        }
        _parent[b] = a;
        if (_seeds is not null)
            _seeds[a] |= _seeds[b];
    }

    /// <summary>Makes the clusters of two nodes exclude each other unless they are one.</summary>
    public void Repel(int u, int v)
    {
        var a = Find(u);
        var b = Find(v);
        if (a == b)
            return;
        if (_nodeCount + 2L > _nodes.Length)
            Grow();
        Append(a, b);
        Append(b, a);
    }

    /// <summary>Whether two clusters exclude each other.</summary>
    public bool Exclude(int a, int b)
    {
        ref var first = ref _exclusions[a];
        ref var second = ref _exclusions[b];
        return first.Length < second.Length ? Walk(ref first, b) : Walk(ref second, a);
    }

    /// <summary>Whether a cluster excludes one that is marked.</summary>
    public bool ExcludesAny(int cluster, bool[] marks)
    {
        for (var n = _exclusions[cluster].Head; n != None; n = _nodes[n].Next)
            if (marks[Find(_nodes[n].Partner)])
                return true;
        return false;
    }

    /// <summary>Labels from 1 in order of first occurrence; nodes where the mask is 0 get 0. An empty mask covers nothing.</summary>
    public void Label(ReadOnlySpan<byte> mask, Span<int> labels)
    {
        var ofRoot = new int[_parent.Length];
        var count = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            if (!mask.IsEmpty && mask[i] == 0)
            {
                labels[i] = 0;
                continue;
            }

            ref var label = ref ofRoot[Find(i)];
            if (label == 0)
                label = ++count;
            labels[i] = label;
        }
    }

    private void Grow()
    {
        if (_nodes.Length == Array.MaxLength)
            throw new ArgumentException("MutexWatershed: there are more exclusions than one array holds; segment in tiles.");
        Array.Resize(ref _nodes, (int)Math.Min(2L * _nodes.Length, Array.MaxLength));
    }

    private void Append(int root, int partner)
    {
        _nodes[_nodeCount] = new Node { Partner = partner, Next = None };
        ref var list = ref _exclusions[root];
        if (list.Head == None)
            list.Head = _nodeCount;
        else
            _nodes[list.Tail].Next = _nodeCount;
        list.Tail = _nodeCount++;
        list.Length++;
    }

    // A partner that is found moves to the front, where the next edge across the same border meets it first.
    private bool Walk(ref Exclusions list, int other)
    {
        var nodes = _nodes;
        var walk = list.Length < ShortList ? 0 : ++_walk;
        var previous = None;
        for (var n = list.Head; n != None;)
        {
            ref var node = ref nodes[n];
            var partner = Find(node.Partner);
            node.Partner = partner;
            var next = node.Next;
            if (partner == other)
            {
                if (previous == None)
                    return true;
                nodes[previous].Next = next;
                if (next == None)
                    list.Tail = previous;
                node.Next = list.Head;
                list.Head = n;
                return true;
            }
            if (walk != 0)
            {
                ref var seen = ref _exclusions[partner].SeenInWalk;
                if (seen == walk)
                {
                    nodes[previous].Next = next;
                    if (next == None)
                        list.Tail = previous;
                    list.Length--;
                    n = next;
                    continue;
                }
                seen = walk;
            }
            previous = n;
            n = next;
        }
        return false;
    }

    private struct Exclusions
    {
        public int Head;
        public int Tail;
        public int Length;
        public int SeenInWalk;
    }

    private struct Node
    {
        public int Partner;
        public int Next;
    }
}
