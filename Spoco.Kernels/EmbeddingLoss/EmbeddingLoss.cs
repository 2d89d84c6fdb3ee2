using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The passes over the pixels that the SPOCO losses need: sums of every cluster, sums over the soft mask of every centre, gradient of every pixel.
/// What lies between them is small, and done by the caller in double precision. Sums have a fixed order: same device and number of threads, same
/// bits.
/// </summary>
public static class EmbeddingLoss
{
    /// <summary>Values per object that <see cref="Sums"/> writes before the three vectors.</summary>
    public const int ObjectScalars = 4;

    /// <summary>Values per anchor that <see cref="Sums"/> writes.</summary>
    public const int AnchorScalars = 3;

    /// <summary>Number of values per object: <see cref="ObjectScalars"/>, and with a gradient three vectors of E.</summary>
    public static int ObjectWidth(int channels, bool gradient) => gradient ? ObjectScalars + 3 * channels : ObjectScalars;

    /// <summary>Elements of <see cref="EmbeddingLossInputs.KeptMasks"/> that are of use on a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="layout">Layout of the embeddings.</param>
    /// <param name="anchors">Most anchors of an image.</param>
    public static long KeptLength(ComputeDevice device, EmbeddingLayout layout, int anchors) =>
        device is HostDevice ? KeptMasks.MoreAnchors(layout, anchors) * layout.Count : 0;

    /// <summary>sums[k, :] = sum of e_i over the pixels of cluster k.</summary>
    /// <param name="layout">Layout of the embeddings.</param>
    /// <param name="embeddings">e.</param>
    /// <param name="segments">The pixels of every cluster.</param>
    /// <param name="sums">[clusters, E].</param>
    public static void ClusterSums(EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> sums)
    {
        ArgumentNullException.ThrowIfNull(segments);
        Require(layout, embeddings);
        if (sums.Length != (long)segments.Clusters * layout.Channels || segments.Owners.Length != layout.Count)
            throw new ArgumentException($"ClusterSums: {sums.Length} sums and {segments.Owners.Length} labels do not fit "
                + $"{segments.Clusters} clusters of {layout}.");
        if (sums.Device is HostDevice host)
            EmbeddingLossHost.ClusterSums(host, layout, embeddings, segments, sums);
        else
            EmbeddingLossSimt.ClusterSums((IlgpuDevice)sums.Device, layout, embeddings, segments, sums);
    }

    /// <summary>values[i, :] = e of pixel pixels[i] of the batch.</summary>
    /// <param name="layout">Layout of the embeddings.</param>
    /// <param name="embeddings">e.</param>
    /// <param name="pixels">Pixels of the batch, 0 .. N pixels - 1.</param>
    /// <param name="values">[pixels, E].</param>
    public static unsafe void Gather(EmbeddingLayout layout, DeviceBuffer<float> embeddings, DeviceBuffer<int> pixels, DeviceBuffer<float> values)
    {
        Require(layout, embeddings);
        if (values.Length != pixels.Length * layout.Channels)
            throw new ArgumentException($"Gather: {values.Length} values do not hold {pixels.Length} vectors of {layout.Channels}.");
        if (values.Device is IlgpuDevice gpu)
        {
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, EmbeddingLayout, ArrayView<float>, ArrayView<int>, ArrayView<float>>(
                EmbeddingLossSimt.Gather))(IlgpuDevice.Extent(values.Length, nameof(Gather)), layout, embeddings.View, pixels.View, values.View);
            return;
        }

        for (var i = 0; i < pixels.Length; i++)
            new ReadOnlySpan<float>(embeddings.HostAddress + (long)pixels.HostAddress[i] * layout.PixelStride + layout.ChannelOffset, layout.Channels)
                .CopyTo(new Span<float>(values.HostAddress + (long)i * layout.Channels, layout.Channels));
    }

    /// <summary>
    /// Sums over the pixels of an image, for each of its centres. With d = |e - a|, p = exp(-Falloff d^2), per object
    /// [sum_own max(d - delta_v, 0)^2, sum_unlabelled max(delta_d - d, 0)^2, sum_own p (Dice) or the cross-entropy, sum p^2], and with a gradient the
    /// vectors sum w (e - a) for w = weight without its last two terms, w = p on own pixels, w = p^2.
    /// Per anchor [sum p_f p_g or the cross-entropy, sum p_f^2 + p_g^2, pixels that are unlabelled, within delta_v of the anchor
    /// in e^f or e^g, and of no earlier anchor].
    /// </summary>
    /// <param name="inputs">What is read; of the factors, Pull, UnlabelledPush and CrossEntropy.</param>
    /// <param name="gradient">
    /// Where <see cref="Gradient"/> will write, to write the vectors; null otherwise. Until then it may hold masks that both need.
    /// </param>
    /// <param name="objects">[objects, <see cref="ObjectWidth"/>].</param>
    /// <param name="anchors">[anchors, <see cref="AnchorScalars"/>].</param>
    /// <param name="lines">[lines, 2] where Terms.LineLength > 0: sum p_f p_g and sum p_f^2 + p_g^2 over the anchors and the pixels of a
    /// line.</param>
    public static void Sums(
        EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, DeviceBuffer<float> objects, DeviceBuffer<float> anchors, DeviceBuffer<float> lines)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Require(inputs);
        if (!gradient.IsNull)
            Require(inputs.Layout, gradient);
        if (inputs.Embeddings.Device is HostDevice host)
            EmbeddingLossHost.Sums(host, inputs, gradient, objects, anchors, lines);
        else
            EmbeddingLossSimt.Sums((IlgpuDevice)inputs.Embeddings.Device, inputs, !gradient.IsNull, objects, anchors, lines);
    }

    /// <summary>
    /// dL/de_i = shift[cluster of i] + sum over the centres a of weight(e_i, a) (e_i - a), and at the pixel of an anchor a
    /// - sum_i weight(e_i, a) (e_i - a) more: the anchor is itself an embedding.
    /// </summary>
    /// <param name="inputs">What is read; <see cref="Sums"/> was given the same, and the same memory for the gradient.</param>
    /// <param name="shift">[clusters, E]: what reaches every pixel of a cluster through the cluster's mean.</param>
    /// <param name="gradient">Written at the channels of the layout; other channels are left as they are.</param>
    public static void Gradient(EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Require(inputs);
        Require(inputs.Layout, gradient);
        if (gradient.Device is HostDevice host)
            EmbeddingLossHost.Gradient(host, inputs, shift, gradient);
        else
            EmbeddingLossSimt.Gradient((IlgpuDevice)gradient.Device, inputs, shift, gradient);
    }

    private static void Require(EmbeddingLayout layout, DeviceBuffer<float> buffer)
    {
        if (layout.Channels < 1 || layout.ChannelOffset < 0 || layout.ChannelOffset + layout.Channels > layout.PixelStride
            || buffer.Length != layout.Count * layout.PixelStride)
            throw new ArgumentException($"EmbeddingLoss: a buffer of {buffer.Length} elements does not fit {layout}.");
    }

    private static void Require(EmbeddingLossInputs inputs)
    {
        var layout = inputs.Layout;
        Require(layout, inputs.Embeddings);
        if (inputs.Owners.Length != layout.Count || inputs.Images.Length != layout.Images)
            throw new ArgumentException($"EmbeddingLoss: {inputs.Owners.Length} labels and {inputs.Images.Length} images do not fit {layout}.");
        if (inputs.Objects.Length != inputs.ObjectFactors.Length * layout.Channels
            || inputs.Anchors.Length != inputs.AnchorFactors.Length * layout.Channels
            || inputs.MomentumAnchors.Length != inputs.Anchors.Length || inputs.AnchorPixels.Length != inputs.AnchorFactors.Length)
            throw new ArgumentException($"EmbeddingLoss: centres and their factors do not fit each other ({inputs.Objects.Length} and "
                + $"{inputs.Anchors.Length} elements of centres, {inputs.ObjectFactors.Length} and "
                + $"{inputs.AnchorFactors.Length} factors, {layout}).");
        if (inputs.AnchorFactors.Length > 0)
        {
            Require(inputs.MomentumLayout, inputs.MomentumEmbeddings);
            if (inputs.MomentumLayout.Pixels != layout.Pixels || inputs.MomentumLayout.Channels != layout.Channels)
                throw new ArgumentException($"EmbeddingLoss: embeddings of f {layout} and of g {inputs.MomentumLayout} differ.");
        }
    }
}
