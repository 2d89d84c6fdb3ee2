namespace Spoco.Kernels.Primitives;

/// <summary>
/// Edge weights between the pixels of one image (SPOCO, appendix A.4, Eq. 4): w = 1 - max((2 delta_d - |e_i - e_j|) / (2 delta_d), 0)^2,
/// 0 = attractive (equal embeddings), 1 = repulsive (2 delta_d apart or more).
/// </summary>
internal static class Affinity
{
    internal static readonly Chooser<AffinityAlgorithm, LaidImage> Chooser = new(nameof(Affinity), new AffinityHost(), new AffinitySimt());

    /// <summary>What stands where the partner lies outside the image: nothing is joined across the border.</summary>
    public const float Outside = 1;

    /// <summary>weights[o, i] = w(i, i + offsets[o]), or <see cref="Outside"/>.</summary>
    /// <param name="shape">Extents of the image, [1, D, H, W, channels of a pixel].</param>
    /// <param name="embeddings">e: the first <paramref name="channels"/> channels of every pixel.</param>
    /// <param name="channels">E.</param>
    /// <param name="offsets">Steps to the partner.</param>
    /// <param name="pushMargin">delta_d.</param>
    /// <param name="weights">[offsets, D H W].</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or the margin is not above 0.</exception>
    public static void Weights(
        TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float pushMargin,
        DeviceBuffer<float> weights)
    {
        Check(LaidImage.AsItIs(shape), embeddings, channels, offsets, pushMargin, weights);
        weights.Clear();
        AddShare(LaidImage.AsItIs(shape), embeddings, channels, offsets, pushMargin, 1, channelsLast: false, weights);
    }

    /// <summary>sums[o, i] += share w(i, i + offset o): with a share of 1/n, the mean over n views of the image, each laid in another orientation.</summary>
    /// <param name="image">How the image lies, and where the weights of the edges that begin in its part belong.</param>
    /// <param name="embeddings">e as it lies: the first <paramref name="channels"/> channels of every pixel.</param>
    /// <param name="channels">E.</param>
    /// <param name="offsets">Steps to the partner in the image as it lies.</param>
    /// <param name="pushMargin">delta_d.</param>
    /// <param name="share">Multiplies the weights.</param>
    /// <param name="channelsLast">Whether the offsets of a pixel are neighbours.</param>
    /// <param name="sums">[offsets, pixels of the part] or, with channels last, [pixels of the part, offsets].</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or the margin is not above 0.</exception>
    public static void AddShare(
        LaidImage image, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float pushMargin, float share,
        bool channelsLast, DeviceBuffer<float> sums)
    {
        Check(image, embeddings, channels, offsets, pushMargin, sums);
        if (sums.Length > 0)
            Chooser.For(sums.Device, image).AddShare(image, embeddings, channels, offsets, 2 * pushMargin, share, channelsLast, sums);
    }

    /// <summary>The weights on the calling thread alone, from and to the host's own memory.</summary>
    /// <exception cref="ArgumentException">Shapes do not fit, or the margin is not above 0.</exception>
    internal static void Weights(
        TensorShape shape, ReadOnlySpan<float> embeddings, ReadOnlySpan<PixelOffset> offsets, float pushMargin, Span<float> weights)
    {
        RequireGeometry(LaidImage.AsItIs(shape), shape.C, pushMargin);
        if (embeddings.Length != shape.Count || weights.Length != offsets.Length * shape.Voxels)
            throw new ArgumentException($"Affinity: {embeddings.Length} values, {offsets.Length} offsets and {weights.Length} weights do not fit an image {shape}.");
        weights.Clear();
        AffinityHost.AddWeights(LaidImage.AsItIs(shape), embeddings, offsets, 2 * pushMargin, weights);
    }

    private static void Check(
        in LaidImage image, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float pushMargin, DeviceBuffer<float> sums)
    {
        RequireGeometry(image, channels, pushMargin);
        new Arguments(nameof(Affinity), embeddings.Device).Need(embeddings, image.Shape.Count, "the embeddings").Need(offsets, offsets.Length, "the offsets")
            .Need(sums, offsets.Length * image.Part.Voxels, "the weights");
    }

    private static void RequireGeometry(in LaidImage image, int channels, float pushMargin)
    {
        if (!image.IsValid || channels < 1 || channels > image.Shape.C || !(pushMargin > 0))
            throw new ArgumentException(FormattableString.Invariant(
                $"Affinity: {channels} channels and margin {pushMargin} do not fit an image {image.Shape} of which {image.Part} is looked at."));
    }
}
