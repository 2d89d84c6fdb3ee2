using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums and gradient of a Dice between affinities and labels along offsets. A pixel's partner j is i + offset, moved back onto the border where that
/// lies outside the image; a is the edge's weight (<see cref="EdgeWeight"/>), b = 1 where the labels of i and j differ, else 0.
/// </summary>
public static class AffinityLoss
{
    /// <summary>Values per image and offset that <see cref="Sums"/> writes.</summary>
    public const int Scalars = 3;

    /// <summary>Per image and offset [sum ab, sum a^2, sum b^2].</summary>
    /// <param name="shape">Extents of the batch; C is the number of channels of a pixel.</param>
    /// <param name="embeddings">e: the first <paramref name="channels"/> channels of every pixel.</param>
    /// <param name="channels">E.</param>
    /// <param name="owners">Owner of every pixel.</param>
    /// <param name="offsets">[N, K].</param>
    /// <param name="pushMargin">delta_d.</param>
    /// <param name="sums">[N, K, 3].</param>
    public static void Sums(
        TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<int> owners, DeviceBuffer<PixelOffset> offsets,
        float pushMargin,
        DeviceBuffer<float> sums)
    {
        Require(shape, embeddings, channels, owners, offsets, sums.Length / Scalars);
        if (sums.Device is HostDevice host)
            AffinityLossHost.Sums(host, shape, embeddings, channels, owners, offsets, 2 * pushMargin, sums);
        else
            AffinityLossSimt.Sums((IlgpuDevice)sums.Device, shape, embeddings, channels, owners, offsets, 2 * pushMargin, sums);
    }

    /// <summary>Adds sum over the pairs of (f b + g a) da/de to the gradient, with f, g per image and offset.</summary>
    /// <param name="shape">Extents of the batch.</param>
    /// <param name="embeddings">e.</param>
    /// <param name="channels">E.</param>
    /// <param name="owners">Owner of every pixel.</param>
    /// <param name="offsets">[N, K].</param>
    /// <param name="pushMargin">delta_d.</param>
    /// <param name="factors">[N, K, 2]: f, g.</param>
    /// <param name="gradient">Added to, in the first E channels.</param>
    public static void AddGradient(
        TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<int> owners, DeviceBuffer<PixelOffset> offsets,
        float pushMargin,
        DeviceBuffer<float> factors, DeviceBuffer<float> gradient)
    {
        Require(shape, embeddings, channels, owners, offsets, factors.Length / 2);
        if (gradient.Length != embeddings.Length)
            throw new ArgumentException($"AffinityLoss: a gradient of {gradient.Length} elements does not fit {embeddings.Length} values.");
        if (gradient.Device is HostDevice host)
            AffinityLossHost.AddGradient(host, shape, embeddings, channels, owners, offsets, 2 * pushMargin, factors, gradient);
        else
            AffinityLossSimt.AddGradient((IlgpuDevice)gradient.Device, shape, embeddings, channels, owners, offsets, 2 * pushMargin, factors,
                gradient);
    }

    private static void Require(
        TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<int> owners, DeviceBuffer<PixelOffset> offsets, long rows)
    {
        if (!shape.IsValid || embeddings.Length != shape.Count || owners.Length != shape.Voxels || channels < 1 || channels > shape.C
            || shape.VoxelsPerImage > int.MaxValue || offsets.Length == 0 || offsets.Length % shape.N != 0 || rows != offsets.Length)
            throw new ArgumentException($"AffinityLoss: {embeddings.Length} values, {channels} channels, {owners.Length} labels and "
                + $"{offsets.Length} offsets do not fit {shape}.");
    }
}
