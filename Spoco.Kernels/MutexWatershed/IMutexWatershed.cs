namespace Spoco.Kernels.Primitives;

/// <summary>The parallel Mutex Watershed on one device.</summary>
internal interface IMutexWatershed : IDisposable
{
    /// <summary>Segments embeddings, [D, H, W, E].</summary>
    /// <param name="grid">The graph.</param>
    /// <param name="embeddings">The values.</param>
    /// <param name="dimensions">E.</param>
    /// <param name="reach">2 delta_d.</param>
    /// <param name="mask">Voxels that are 0 here get label 0; empty = all count.</param>
    /// <param name="seeds">Given segments; empty = none.</param>
    /// <param name="labels">Receives a label per voxel.</param>
    /// <returns>The index of the first value that is not finite, or -1.</returns>
    long FromEmbeddings(
        MutexGrid grid, ReadOnlySpan<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        Span<int> labels);

    /// <summary>Segments embeddings that are on the device.</summary>
    /// <returns>The index of the first value that is not finite, or -1.</returns>
    long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        Span<int> labels);

    /// <summary>Segments edge weights that are on the device.</summary>
    /// <returns>The id of the first edge whose priority is not finite, or -1.</returns>
    long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels);

    /// <summary>Segments embeddings that are on the device, and leaves the labels there.</summary>
    /// <returns>The index of the first value that is not finite, or -1.</returns>
    long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, DeviceBuffer<byte> mask, DeviceBuffer<int> labels);

    /// <summary>Segments edge weights that are on the device, and leaves the labels there.</summary>
    /// <returns>The id of the first edge whose priority is not finite, or -1.</returns>
    long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, DeviceBuffer<byte> mask, DeviceBuffer<int> labels);

    /// <summary>Segments edge weights, [C, D, H, W].</summary>
    /// <returns>The id of the first edge whose priority is not finite, or -1.</returns>
    long FromWeights(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels);

    /// <summary>Segments a graph given as a list of edges; loops have no effect, and edges may repeat.</summary>
    void FromEdges(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive, ReadOnlySpan<int> seeds, Span<int> labels);
}
