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

/// <summary>Kernels of the first round, on the implicit graph of an image. Unless said otherwise a thread takes one voxel of one channel.</summary>
internal static class MutexGridKernels
{
    private const uint Absent = 0x7FC00000;
    private const uint Mutex = 0x7F800000;

    /// <summary>NaN: no edge. (Compilers choose the bits of a NaN.)</summary>
    public static bool IsAbsent(float priority) => (Interop.FloatAsInt(priority) & 0x7FFFFFFFu) > Mutex;

    /// <summary>Infinity: a mutex.</summary>
    public static bool IsMutex(float priority) => Interop.FloatAsInt(priority) == Mutex;

    /// <summary>Finds the first voxel whose embedding is not finite.</summary>
    public static void CheckEmbedding(Index1D i, int dimensions, ArrayView<float> embeddings, ArrayView<uint> refused)
    {
        for (var e = 0; e < dimensions; e++)
            if (!IsFinite(embeddings[(long)i.X * dimensions + e]))
                Atomic.Min(ref refused[0], (uint)i.X);
    }

    public static void FromEmbeddings(
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

    public static void FromWeights(
        Index1D i, MutexChannel channel, ArrayView<float> weights, ArrayView<byte> mask, ArrayView<float> priorities, ArrayView<uint> refused)
    {
        var at = (long)channel.Channel * channel.Voxels + i.X;
        if (!Exists(i.X, channel, mask))
        {
            priorities[at] = Interop.IntAsFloat(Absent);
            return;
        }

        var priority = channel.Scale * weights[at] + channel.Shift;
        priorities[at] = priority;
        if (!IsFinite(priority))
            Atomic.Min(ref refused[0], (uint)at);
    }

    /// <summary>The largest attractive weight, as a monotone integer.</summary>
    public static void Maximum(Index1D i, MutexChannel channel, ArrayView<float> priorities, ArrayView<uint> maximum)
    {
        var priority = priorities[(long)channel.Channel * channel.Voxels + i.X];
        if (!IsAbsent(priority) && (uint)(EdgeKey.Of(priority, 0) >> 32) is var value && maximum[0] < value)
            Atomic.Max(ref maximum[0], value);
    }

    public static void Subtract(Index1D i, MutexChannel channel, float maximum, ArrayView<float> priorities, ArrayView<uint> refused)
    {
        var at = (long)channel.Channel * channel.Voxels + i.X;
        if (IsAbsent(priorities[at]))
            return;
        priorities[at] = maximum - priorities[at];
        if (!IsFinite(priorities[at]))
            Atomic.Min(ref refused[0], (uint)at);
    }

    /// <summary>A thread finds the strongest edge of one voxel.</summary>
    public static void Strongest(Index1D i, int channels, ArrayView<int> linear, ArrayView<float> priorities, MutexTreeView tree, int voxels)
    {
        var best = EdgeKey.None;
        var end = -1;
        for (var c = 0; c < channels; c++)
        {
            var at = (long)c * voxels + i.X;
            if (!IsAbsent(priorities[at]) && EdgeKey.Of(priorities[at], (uint)at) is var key && key > best)
            {
                best = key;
                end = i.X + linear[c];
            }

            var start = i.X - linear[c];
            if (start < 0 || start >= voxels)
                continue;
            at -= linear[c];
            if (!IsAbsent(priorities[at]) && EdgeKey.Of(priorities[at], (uint)at) is var other && other > best)
            {
                best = other;
                end = start;
            }
        }

        tree.Best[i] = best;
        tree.Hook[i] = end;
    }

    /// <summary>A thread lists the edges of a strip of voxels whose ends are in different clusters; on the first of two launches it counts them.</summary>
    public static void Collect(
        Index1D strip, MutexChannel channel, ArrayView<int> map, ArrayView<float> priorities, ArrayView<MutexEdge> edges, ArrayView<int> length,
        int countOnly)
    {
        var kept = 0;
        var until = IntrinsicMath.Min((strip.X + 1) * MutexTreeKernels.Strip, channel.Voxels);
        var first = (long)channel.Channel * channel.Voxels;
        for (var i = strip.X * MutexTreeKernels.Strip; i < until; i++)
            if (!IsAbsent(priorities[first + i]) && map[i] != map[i + channel.Linear])
                kept++;
        if (kept == 0)
            return;
        var at = Atomic.Add(ref length[0], kept);
        if (countOnly != 0)
            return;
        for (var i = strip.X * MutexTreeKernels.Strip; i < until; i++)
        {
            var priority = priorities[first + i];
            if (IsAbsent(priority) || map[i] == map[i + channel.Linear])
                continue;
            edges[at++] = new MutexEdge(
                map[i], map[i + channel.Linear], IsMutex(priority) ? EdgeKey.Mutex : EdgeKey.Of(priority, (uint)(first + i)), 0);
        }
    }

    /// <summary>Commits a repulsive edge, or drops it; see <see cref="MutexGridHost"/>.</summary>
    public static void Commit<TAtomics>(
        Index1D u, MutexChannel channel, ArrayView<float> priorities, MutexTreeView tree, ArrayView<ulong> dirty, ArrayView<byte> blocked,
        int pass, int isLast, TAtomics atomics)
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
        atomics.Raise(dirty, common, bottleneck, pass);
        if (isLast == 0)
            return;
        priorities[at] = Interop.IntAsFloat(Mutex);
        if (tree.Best[u] == bottleneck)
            blocked[u] = 1;
        if (tree.Best[v] == bottleneck)
            blocked[v] = 1;
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
