using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Union-find whose clusters can exclude each other. Which clusters exclude each other is one hash set of root pairs; beside it every root keeps a
/// list of its partners, so that a merge moves the shorter list only: M exclusions cost O(M log M) moves whatever the order. Nothing is allocated
/// per edge: list nodes and pairs live in arrays that double.
/// </summary>
internal sealed class MutexForest
{
    private const int None = -1;

    private readonly int[] _parent;
    private readonly int[] _head;
    private readonly int[] _tail;
    private readonly int[] _length;
    private int[] _partner = new int[1024];
    private int[] _next = new int[1024];
    private int _nodes;
    private ulong[] _pairs = new ulong[4096];
    private int _pairShift = 64 - 12;
    private int _pairCount;

    public MutexForest(int nodes)
    {
        _parent = new int[nodes];
        for (var i = 0; i < nodes; i++)
            _parent[i] = i;
        _head = new int[nodes];
        _head.AsSpan().Fill(None);
        _tail = new int[nodes];
        _length = new int[nodes];
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
        if (a == b || ((_length[a] != 0 & _length[b] != 0) && ContainsPair(a, b)))
            return;
        if (_length[a] < _length[b] || (_length[a] == _length[b] && a > b))
            (a, b) = (b, a);
        _parent[b] = a;
        for (var node = _head[b]; node != None;)
        {
            var following = _next[node];
            if (AddPair(a, Find(_partner[node])))
                Append(a, node);
            node = following;
        }
    }

    /// <summary>Makes the clusters of two nodes exclude each other unless they are one.</summary>
    public void Repel(int u, int v)
    {
        var a = Find(u);
        var b = Find(v);
        if (a == b || !AddPair(a, b))
            return;
        if (_nodes + 2 > _partner.Length)
        {
            Array.Resize(ref _partner, checked(_partner.Length * 2));
            Array.Resize(ref _next, _partner.Length);
        }
        _partner[_nodes] = b;
        Append(a, _nodes++);
        _partner[_nodes] = a;
        Append(b, _nodes++);
    }

    /// <summary>Labels from 1 in order of first occurrence; nodes where the mask is 0 get 0. An empty mask covers nothing.</summary>
    public int[] Labels(ReadOnlySpan<byte> mask)
    {
        var labels = new int[_parent.Length];
        var ofRoot = _length;
        Array.Clear(ofRoot);
        var count = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            if (!mask.IsEmpty && mask[i] == 0)
                continue;
            ref var label = ref ofRoot[Find(i)];
            if (label == 0)
                label = ++count;
            labels[i] = label;
        }
        return labels;
    }

    private void Append(int root, int node)
    {
        _next[node] = None;
        if (_head[root] == None)
            _head[root] = node;
        else
            _next[_tail[root]] = node;
        _tail[root] = node;
        _length[root]++;
    }

    private static ulong Pair(int a, int b) => a < b ? ((ulong)(uint)a << 32) | (uint)b : ((ulong)(uint)b << 32) | (uint)a;

    private int Slot(ulong pair) => (int)((pair * 0x9E3779B97F4A7C15ul) >> _pairShift);

    // The pair (0, 0) cannot occur, so 0 marks a free slot.
    private bool ContainsPair(int a, int b)
    {
        var pair = Pair(a, b);
        var pairs = _pairs;
        for (var slot = Slot(pair); ; slot = (slot + 1) & (pairs.Length - 1))
        {
            var there = pairs[slot];
            if (there == pair)
                return true;
            if (there == 0)
                return false;
        }
    }

    private bool AddPair(int a, int b)
    {
        var pair = Pair(a, b);
        var pairs = _pairs;
        for (var slot = Slot(pair); ; slot = (slot + 1) & (pairs.Length - 1))
        {
            var there = pairs[slot];
            if (there == pair)
                return false;
            if (there != 0)
                continue;
            pairs[slot] = pair;
            if (++_pairCount > pairs.Length / 2)
                Rehash();
            return true;
        }
    }

    // Pairs of clusters that have merged into another are never looked up again: they are dropped here rather than one by one.
    private void Rehash()
    {
        var old = _pairs;
        var live = 0;
        for (var i = 0; i < old.Length; i++)
        {
            var pair = old[i];
            if (pair == 0)
                continue;
            var (a, b) = ((int)(pair >> 32), (int)(uint)pair);
            if (_parent[a] == a && _parent[b] == b)
                live++;
            else
                old[i] = 0;
        }
        var bits = Math.Max(12, BitOperations.Log2((uint)Math.Max(1, live)) + 3);
        if (bits > 30)
            throw new InvalidOperationException($"MutexWatershed: {live} exclusions at a time are more than one table holds; segment in tiles.");
        _pairs = new ulong[1 << bits];
        _pairShift = 64 - bits;
        _pairCount = live;
        foreach (var pair in old)
        {
            if (pair == 0)
                continue;
            var slot = Slot(pair);
            while (_pairs[slot] != 0)
                slot = (slot + 1) & (_pairs.Length - 1);
            _pairs[slot] = pair;
        }
    }
}
