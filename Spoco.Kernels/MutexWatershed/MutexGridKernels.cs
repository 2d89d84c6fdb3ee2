using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>One channel of a <see cref="MutexGrid"/> as its kernels see it. (Kernel arguments must be public.)</summary>
public struct MutexChannel
{
    /// <summary>Extents of the image.</summary>
    public int Depth, Height, Width;

    /// <summary>Step to the partner, and the difference of the flat indices; both 0 where the offset does not fit the image.</summary>
    public int Z, Y, X, Linear;

    /// <summary>Number of the channel.</summary>
    public int Channel;

    /// <summary>Priority = Scale * w + Shift.</summary>
    public float Scale, Shift;

    /// <summary>Only every StrideZ-th, StrideY-th, StrideX-th voxel has an edge, or, drawn at random, one out of their product.</summary>
    public int StrideZ, StrideY, StrideX, IsRandom;

    /// <summary>Draws the random edges.</summary>
    public ulong Seed;

    /// <summary>2 delta_d.</summary>
    public float Reach;

    /// <summary>Channels of an embedding.</summary>
    public int Dimensions;

    /// <summary>Whether there is a mask.</summary>
    public int HasMask;

    /// <summary>Voxels of the image.</summary>
    public readonly int Voxels => Depth * Height * Width;
}

/// <summary>The edges of an image between different clusters, a row per channel, to be listed between these. (Kernel arguments must be public.)</summary>
public struct MutexGridCrossings(ArrayView<MutexChannel> channels, ArrayView<float> priorities, ArrayView<int> map, ArrayView<MutexEdge> edges) : ICompaction
{
    private ArrayView<MutexChannel> _channels = channels;
    private ArrayView<float> _priorities = priorities;
    private ArrayView<int> _map = map;
    private ArrayView<MutexEdge> _edges = edges;

    /// <inheritdoc/>
    public readonly int Count => _map.IntLength;

    /// <inheritdoc/>
    public readonly bool Includes(int row, int i) =>
        !MutexGridKernels.IsAbsent(_priorities[(long)row * Count + i]) && _map[i] != _map[i + _channels[row].Linear];

    /// <inheritdoc/>
    public void Keep(int row, int i, int place)
    {
        var edge = (long)row * Count + i;
        var priority = _priorities[edge];
        _edges[place] = new MutexEdge(
            _map[i], _map[i + _channels[row].Linear], MutexGridKernels.IsMutex(priority) ? EdgeKey.Mutex : EdgeKey.Of(priority, (uint)edge), 0);
    }
}

/// <summary>Kernels of the first round, on the implicit graph of an image. Unless said otherwise a thread takes one voxel, with all edges that start there.</summary>
internal static class MutexGridKernels
{
    private const uint Absent = 0x7FC00000;
    private const uint Mutex = 0x7F800000;

    /// <summary>NaN: no edge. (Compilers choose the bits of a NaN.)</summary>
    public static bool IsAbsent(float priority) => (Interop.FloatAsInt(priority) & 0x7FFFFFFFu) > Mutex;

    /// <summary>Infinity: a mutex.</summary>
    public static bool IsMutex(float priority) => Interop.FloatAsInt(priority) == Mutex;

    /// <summary>The priorities of edges, and the first voxel whose embedding is not finite.</summary>
    public static void FromEmbeddings(
        Index1D i, ArrayView<MutexChannel> channels, ArrayView<float> embeddings, ArrayView<byte> mask, ArrayView<float> priorities, ArrayView<uint> refused)
    {
        for (var e = 0; e < channels[0].Dimensions; e++)
            if (!IsFinite(embeddings[(long)i.X * channels[0].Dimensions + e]))
                Atomic.Min(ref refused[0], (uint)i.X);
        for (var c = 0; c < channels.Length; c++)
            FromEmbeddings(i, channels[c], embeddings, mask, priorities);
    }

    private static void FromEmbeddings(
        Index1D i, MutexChannel channel, ArrayView<float> embeddings, ArrayView<byte> mask, ArrayView<float> priorities)
    {
        var at = (long)channel.Channel * channel.Voxels + i.X;
        if (!Exists(i.X, channel, mask))
        {
            priorities[at] = Interop.IntAsFloat(Absent);
            return;
        }

        var a = (long)i.X * channel.Dimensions;
        var b = (long)(i.X + channel.Linear) * channel.Dimensions;
        var weight = EdgeWeight.Of(XMath.Sqrt(EmbeddingDistance.Squared(embeddings, a, b, channel.Dimensions)), channel.Reach);
        priorities[at] = channel.Scale * weight + channel.Shift;
    }

    /// <summary>The priorities of edges, and the first edge whose priority is not finite.</summary>
    public static void FromWeights(
        Index1D i, ArrayView<MutexChannel> channels, ArrayView<float> weights, ArrayView<byte> mask, ArrayView<float> priorities, ArrayView<uint> refused)
    {
        for (var c = 0; c < channels.Length; c++)
        {
            var channel = channels[c];
            var at = (long)c * channel.Voxels + i.X;
            if (!Exists(i.X, channel, mask))
            {
                priorities[at] = Interop.IntAsFloat(Absent);
                continue;
            }

            var priority = channel.Scale * weights[at] + channel.Shift;
            priorities[at] = priority;
            if (!IsFinite(priority))
                Atomic.Min(ref refused[0], (uint)at);
        }
    }

    /// <summary>The largest attractive weight, as a monotone integer. A thread takes one edge.</summary>
    public static void Maximum(Index1D edge, ArrayView<float> priorities, ArrayView<uint> maximum)
    {
        var priority = priorities[edge];
        if (!IsAbsent(priority) && (uint)(EdgeKey.Of(priority, 0) >> 32) is var value && maximum[0] < value)
            Atomic.Max(ref maximum[0], value);
    }

    /// <summary>Takes the attractive weights from the largest; where that is not finite, its edge has been refused. A thread takes one edge.</summary>
    public static void Subtract(Index1D edge, ArrayView<float> priorities, ArrayView<uint> maximum, ArrayView<uint> refused)
    {
        if (IsAbsent(priorities[edge]))
            return;
        var largest = EdgeKey.Priority((ulong)maximum[0] << 32);
        priorities[edge] = largest - priorities[edge];
        if (IsFinite(largest) && !IsFinite(priorities[edge]))
            Atomic.Min(ref refused[0], (uint)edge.X);
    }

    /// <summary>Finds the strongest of all edges of a voxel.</summary>
    public static void Strongest(Index1D i, int attractive, ArrayView<MutexChannel> channels, ArrayView<float> priorities, MutexTreeView tree)
    {
        var voxels = channels[0].Voxels;
        var best = EdgeKey.None;
        var end = -1;
        for (var c = 0; c < attractive; c++)
        {
            var linear = channels[c].Linear;
            var at = (long)c * voxels + i.X;
            if (!IsAbsent(priorities[at]) && EdgeKey.Of(priorities[at], (uint)at) is var key && key > best)
            {
                best = key;
                end = i.X + linear;
            }

            var start = i.X - linear;
            if (start < 0 || start >= voxels)
                continue;
            at -= linear;
            if (!IsAbsent(priorities[at]) && EdgeKey.Of(priorities[at], (uint)at) is var other && other > best)
            {
                best = other;
                end = start;
            }
        }

        tree.Best[i] = best;
        tree.Hook[i] = end;
    }

    /// <summary>A thread puts the edges of sixteen neighbouring voxels of one attractive channel, whose ends are in different groups, into a strip.</summary>
    public static void Cut<TAtomics>(
        Index1D strip, ArrayView<MutexChannel> channels, ArrayView<float> priorities, MutexStripView strips, MutexTreeView tree, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var voxels = channels[0].Voxels;
        var perChannel = (voxels + MutexTreeKernels.Strip - 1) / MutexTreeKernels.Strip;
        var channel = strip.X / perChannel;
        var linear = channels[channel].Linear;
        var from = (strip.X - channel * perChannel) * MutexTreeKernels.Strip;
        var until = IntrinsicMath.Min(from + MutexTreeKernels.Strip, voxels);
        var kept = 0;
        for (var i = from; i < until; i++)
        {
            var at = (long)channel * voxels + i;
            if (IsAbsent(priorities[at]) || tree.Parent[i] == tree.Parent[i + linear])
                continue;
            var edge = new MutexEdge(tree.Parent[i], tree.Parent[i + linear], EdgeKey.Of(priorities[at], (uint)at), 0);
            strips.Edges[(long)strip.X * MutexTreeKernels.Strip + kept++] = edge;
            atomics.Raise(tree.Best, edge.U, edge.Key, 0);
            atomics.Raise(tree.Best, edge.V, edge.Key, 0);
        }

        strips.Counts[strip] = kept;
    }

    /// <summary>Commits the repulsive edges of a voxel, or drops them; see <see cref="MutexGridHost"/>.</summary>
    public static void Commit<TAtomics>(
        Index1D u, int attractive, ArrayView<MutexChannel> channels, ArrayView<float> priorities, MutexTreeView tree, MutexContractionView contraction,
        int pass, int isLast, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        for (var c = attractive; c < channels.Length; c++)
            Commit(u, channels[c], priorities, tree, contraction, pass, isLast, atomics);
    }

    private static void Commit<TAtomics>(
        Index1D u, MutexChannel channel, ArrayView<float> priorities, MutexTreeView tree, MutexContractionView contraction, int pass, int isLast, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var at = (long)channel.Channel * channel.Voxels + u.X;
        var priority = priorities[at];
        if (IsAbsent(priority))
            return;
        var v = u.X + channel.Linear;
        var common = MutexTreeKernels.CommonAncestor(tree, u.X, v, out var bottleneck);
        if (common < 0)
        {
            priorities[at] = Interop.IntAsFloat(Absent);
            return;
        }

        if (EdgeKey.Of(priority, (uint)at) < bottleneck)
            return;
        MutexContractionKernels.Mark(tree, contraction.Dirty, common, bottleneck, pass, atomics);
        if (isLast == 0)
            return;
        priorities[at] = Interop.IntAsFloat(Mutex);
        if (tree.Best[u] == bottleneck)
            contraction.Blocked[u] = 1;
        if (tree.Best[v] == bottleneck)
            contraction.Blocked[v] = 1;
    }

    private static bool IsFinite(float value) => (Interop.FloatAsInt(value) & 0x7F800000u) != 0x7F800000u;

    private static bool Exists(int i, MutexChannel channel, ArrayView<byte> mask)
    {
        if (channel.Linear == 0)
            return false;
        var x = i % channel.Width;
        var y = i / channel.Width % channel.Height;
        var z = i / channel.Width / channel.Height;
        if (x + channel.X < 0 || x + channel.X >= channel.Width || y + channel.Y < 0 || y + channel.Y >= channel.Height
            || z + channel.Z < 0 || z + channel.Z >= channel.Depth)
            return false;
        if (channel.HasMask != 0 && (mask[i] == 0 || mask[i + channel.Linear] == 0))
            return false;
        if (channel.IsRandom == 0)
            return z % channel.StrideZ == 0 && y % channel.StrideY == 0 && x % channel.StrideX == 0;
        var edge = (uint)((long)channel.Channel * channel.Voxels + i);
        return MutexGrid.Mix(edge ^ MutexGrid.Mix(channel.Seed)) % ((ulong)channel.StrideZ * (ulong)channel.StrideY * (ulong)channel.StrideX) == 0;
    }
}
