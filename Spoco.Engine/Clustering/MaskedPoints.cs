using Spoco.Engine.Segmentation;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Clustering;

/// <summary>The embeddings of the voxels within a mask as points, and the way from labels of the points back to an image.</summary>
internal sealed class MaskedPoints
{
    private readonly Volume<float> _embeddings;

    // Voxel of every point; null = every voxel is one.
    private readonly int[]? _voxels;

    private MaskedPoints(Volume<float> embeddings, int[]? voxels, Points points) => (_embeddings, _voxels, Points) = (embeddings, voxels, points);

    /// <summary>The points, in the order of their voxels.</summary>
    public Points Points { get; }

    /// <summary>Takes the embeddings of the voxels that are not 0 in the mask; without a mask, of all, which are not copied.</summary>
    /// <param name="embeddings">[D, H, W, d].</param>
    /// <param name="mask">[D, H, W], or null.</param>
    /// <param name="clustering">Who asks: the first word of errors.</param>
    /// <exception cref="ArgumentException">Extents differ, d is more than points may have, or a value within the mask is not finite.</exception>
    public static MaskedPoints Of(Volume<float> embeddings, Volume<byte>? mask, string clustering)
    {
        RequireFit(embeddings, mask, clustering);
        RequireFinite(embeddings, mask, clustering);
        var (d, voxels, values) = (embeddings.Channels, (int[]?)null, embeddings.Data);
        if (mask is not null && mask.Data.AsSpan().Contains((byte)0))
        {
            voxels = [.. Enumerable.Range(0, embeddings.VoxelCount).Where(i => mask.Data[i] != 0)];
            values = GC.AllocateUninitializedArray<float>(voxels.Length * d);
            for (var i = 0; i < voxels.Length; i++)
                embeddings.Data.AsSpan(voxels[i] * d, d).CopyTo(values.AsSpan(i * d));
        }

        return new MaskedPoints(embeddings, voxels, new Points(values, d));
    }

    /// <summary>Labels of the points as an image, numbered by first voxel; 0 stays 0, and so are voxels outside the mask.</summary>
    public Volume<int> ToImage(int[] labels)
    {
        var image = labels;
        if (_voxels is not null)
        {
            image = new int[_embeddings.VoxelCount];
            for (var i = 0; i < labels.Length; i++)
                image[_voxels[i]] = labels[i];
        }

        return Relabel.Compact(LabelImage.Like(_embeddings, image)).Labels;
    }

    /// <exception cref="ArgumentException">The mask does not have the extents of the embeddings.</exception>
    public static void RequireFit(Volume<float> embeddings, Volume<byte>? mask, string clustering)
    {
        if (mask is not null && (!mask.HasExtentsOf(embeddings) || mask.Channels != 1))
            throw new ArgumentException($"{clustering}: the mask ({mask}) does not fit the embeddings ({embeddings}).");
    }

    /// <exception cref="ArgumentException">A value within the mask is infinite or not a number.</exception>
    public static void RequireFinite(Volume<float> embeddings, Volume<byte>? mask, string operation)
    {
        var d = embeddings.Channels;
        for (var first = 0; FiniteNumbers.IndexOfOther(embeddings.Data.AsSpan(first)) is >= 0 and var step; first = (first + step) / d * d + d)
        {
            var (bad, voxel) = (first + step, (first + step) / d);
            if (mask?.Data[voxel] != 0)
                throw new ArgumentException($"{operation}: embeddings must be finite, value {bad % d} of voxel {voxel} is {embeddings.Data[bad]} (embeddings {embeddings}).");
        }
    }
}
