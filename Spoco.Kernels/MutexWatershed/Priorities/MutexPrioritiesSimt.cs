using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The priorities of a grid's edges on an ILGPU device, as <see cref="EdgePriority"/>; see <see cref="MutexPrioritiesHost"/>. What is refused is counted there, and does no harm until the
/// numbers are read: edges are what geometry says. Unless said otherwise a thread takes one voxel, with all edges that start there.
/// </summary>
internal static class MutexPrioritiesSimt
{
    /// <summary>
    /// From embeddings [D, H, W, E], of which the first voxel is refused that has one that is not finite; or, where <paramref name="dimensions"/> is 0, from weights [C, D, H, W], of which the
    /// first edge is refused whose priority is not finite.
    /// </summary>
    public static void Of(
        IlgpuDevice gpu, MutexGrid grid, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> values, int dimensions, DeviceBuffer<byte> mask, DeviceBuffer<float> priorities,
        MutexNumbers numbers)
    {
        var fill = dimensions > 0
            ? gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, ArrayView<MutexChannel>, ArrayView<float>, ArrayView<byte>, ArrayView<float>, ArrayView<uint>>(FromEmbeddings))
            : gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, ArrayView<MutexChannel>, ArrayView<float>, ArrayView<byte>, ArrayView<float>, ArrayView<uint>>(FromWeights));
        fill(grid.Voxels, channels.View, values.View, mask.View, priorities.View, numbers.Refused);
        SubtractFromMaximum(gpu, grid, priorities, numbers);
    }

    /// <summary>The priorities of edges, and the first voxel whose embedding is not finite.</summary>
    public static void FromEmbeddings(
        Index1D i, ArrayView<MutexChannel> channels, ArrayView<float> embeddings, ArrayView<byte> mask, ArrayView<float> priorities, ArrayView<uint> refused)
    {
        for (var e = 0; e < channels[0].Dimensions; e++)
            if (!EdgePriority.IsFinite(embeddings[(long)i.X * channels[0].Dimensions + e]))
                Atomic.Min(ref refused[0], (uint)i.X);
        for (var c = 0; c < channels.Length; c++)
            FromEmbeddings(i, channels[c], embeddings, mask, priorities);
    }

    private static void FromEmbeddings(
        Index1D i, MutexChannel channel, ArrayView<float> embeddings, ArrayView<byte> mask, ArrayView<float> priorities)
    {
        var at = (long)channel.Channel * channel.Voxels + i.X;
        if (!MutexChannel.HasEdge(i.X, channel, mask))
        {
            priorities[at] = EdgePriority.Absent;
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
            if (!MutexChannel.HasEdge(i.X, channel, mask))
            {
                priorities[at] = EdgePriority.Absent;
                continue;
            }

            var priority = channel.Scale * weights[at] + channel.Shift;
            priorities[at] = priority;
            if (!EdgePriority.IsFinite(priority))
                Atomic.Min(ref refused[0], (uint)at);
        }
    }

    /// <summary>The largest attractive weight, as a monotone integer. A thread takes one edge.</summary>
    public static void Maximum(Index1D edge, ArrayView<float> priorities, ArrayView<uint> maximum)
    {
        var priority = priorities[edge];
        if (!EdgePriority.IsAbsent(priority) && (uint)(EdgeKey.Of(priority, 0) >> 32) is var value && maximum[0] < value)
            Atomic.Max(ref maximum[0], value);
    }

    /// <summary>Takes the attractive weights from the largest; where that is not finite, its edge has been refused. A thread takes one edge.</summary>
    public static void Subtract(Index1D edge, ArrayView<float> priorities, ArrayView<uint> maximum, ArrayView<uint> refused)
    {
        if (EdgePriority.IsAbsent(priorities[edge]))
            return;
        var largest = EdgeKey.Priority((ulong)maximum[0] << 32);
        priorities[edge] = largest - priorities[edge];
        if (EdgePriority.IsFinite(largest) && !EdgePriority.IsFinite(priorities[edge]))
            Atomic.Min(ref refused[0], (uint)edge.X);
    }

    private static void SubtractFromMaximum(IlgpuDevice gpu, MutexGrid grid, DeviceBuffer<float> priorities, MutexNumbers numbers)
    {
        var count = IlgpuDevice.Extent((long)grid.Attractive * grid.Voxels, "MutexWatershed");
        if (grid.AttractiveShift is not null || count == 0)
            return;
        var weights = priorities.Slice(0, count);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<uint>>(Maximum))(count, weights.View, numbers.Maximum);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<uint>, ArrayView<uint>>(Subtract))(
            count, weights.View, numbers.Maximum, numbers.Refused);
    }
}
