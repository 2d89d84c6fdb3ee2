using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Edge weights from pixel embeddings in the host's memory, one after another on the calling thread: w = 1 - max((2 delta_d - |e_i - e_j|) / (2 delta_d), 0)^2, in
/// float32. 0 = attractive (equal embeddings), 1 = repulsive (2 delta_d or farther apart). What a network has said is weighed where it said it
/// (<see cref="OrientationAverage"/>), by the same formula.
/// </summary>
public static class Affinities
{
    /// <summary>The weights of all edges (i, i + offset) of an image.</summary>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="offsets">One per output channel.</param>
    /// <param name="pushMargin">delta_d, above 0.</param>
    /// <returns>[C, D, H, W], C = number of offsets; 1 where i + offset lies outside the image.</returns>
    /// <exception cref="ArgumentException">An embedding is not finite, the margin not positive and finite, or the result too large.</exception>
    public static float[] FromEmbeddings(Volume<float> embeddings, IReadOnlyList<VoxelOffset> offsets, float pushMargin)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(offsets);
        if (!(pushMargin > 0) || !float.IsFinite(pushMargin))
            throw new ArgumentException($"Affinities: the push margin must be positive and finite, got {pushMargin}.");
        var firstBad = FiniteNumbers.IndexOfOther(embeddings.Data);
        if (firstBad >= 0)
            throw NotFinite(embeddings, firstBad);
        var voxels = embeddings.VoxelCount;
        if ((long)voxels * offsets.Count > Array.MaxLength)
            throw new ArgumentException($"Affinities: {offsets.Count} channels of {embeddings} are more than one array holds; work in tiles.");

        var weights = GC.AllocateUninitializedArray<float>(voxels * offsets.Count);
        if (weights.Length > 0)
            Affinity.Weights(
                new TensorShape(1, embeddings.Depth, embeddings.Height, embeddings.Width, embeddings.Channels), embeddings.Data, [.. offsets.Select(o => o.ToPixels())],
                pushMargin, weights);
        return weights;
    }

    internal static ArgumentException NotFinite(Volume<float> embeddings, long index) =>
        NotFinite(index, embeddings.Channels, embeddings.Data[index], embeddings.ToString());

    internal static ArgumentException NotFinite(long index, int dimensions, float value, string embeddings) =>
        new($"Affinities: embeddings must be finite, value {index % dimensions} of voxel {index / dimensions} is {value} (embeddings {embeddings}).");
}
