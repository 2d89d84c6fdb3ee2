using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Edge weights from pixel embeddings (SPOCO, appendix A.4): w = 1 - max((2 delta_d - |e_i - e_j|) / (2 delta_d), 0)^2, in float32.
/// 0 = attractive (equal embeddings), 1 = repulsive (2 delta_d or farther apart).
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
        for (var c = 0; c < offsets.Count; c++)
            Channel(embeddings, offsets[c], 2 * pushMargin, weights.AsSpan(c * voxels, voxels));
        return weights;
    }

    internal static ArgumentException NotFinite(Volume<float> embeddings, long index) =>
        new($"Affinities: embeddings must be finite, value {index % embeddings.Channels} of voxel {index / embeddings.Channels} is "
            + $"{embeddings.Data[index]} (embeddings {embeddings}).");

    private static void Channel(Volume<float> embeddings, VoxelOffset offset, float reach, Span<float> weights)
    {
        var (depth, height, width, dimensions) = (embeddings.Depth, embeddings.Height, embeddings.Width, embeddings.Channels);
        weights.Fill(1);
        if (!offset.FitsIn(depth, height, width))
            return;
        var (fromX, toX) = (Math.Max(0, -offset.X), width - Math.Max(0, offset.X));
        var difference = (nint)offset.Linear(height, width) * dimensions;
        ref var origin = ref MemoryMarshal.GetArrayDataReference(embeddings.Data);
        for (var z = Math.Max(0, -offset.Z); z < depth - Math.Max(0, offset.Z); z++)
            for (var y = Math.Max(0, -offset.Y); y < height - Math.Max(0, offset.Y); y++)
            {
                var row = (z * height + y) * width;
                for (var x = fromX; x < toX; x++)
                {
                    ref var a = ref Unsafe.Add(ref origin, (nint)(row + x) * dimensions);
                    weights[row + x] = Weight(ref a, ref Unsafe.Add(ref a, difference), dimensions, reach);
                }
            }
    }

    /// <summary>The weight between two embeddings; reach = 2 delta_d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Weight(ref float a, ref float b, int dimensions, float reach)
    {
        var distance = MathF.Sqrt(EmbeddingDistance.Squared(ref a, ref b, dimensions));
        var closeness = Math.Max((reach - distance) / reach, 0);
        return 1 - closeness * closeness;
    }
}
