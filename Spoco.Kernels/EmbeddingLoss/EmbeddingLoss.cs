using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The passes over the pixels that the SPOCO losses need: sums of every cluster, sums over the soft mask of every centre, gradient of every pixel.
/// What lies between them is small, and done by the caller in double precision. Sums have a fixed order: same device, same bits,
/// with any number of threads.
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

    /// <summary>Fetches e of some pixels from the device.</summary>
    /// <param name="layout">Layout of the embeddings.</param>
    /// <param name="embeddings">e.</param>
    /// <param name="pixels">Pixels of the batch, 0 .. N pixels - 1.</param>
    /// <param name="values">Receives [pixels, E].</param>
    /// <exception cref="ArgumentException">A pixel lies outside the batch, or the values have another length.</exception>
    public static unsafe void Gather(EmbeddingLayout layout, DeviceBuffer<float> embeddings, ReadOnlySpan<int> pixels, Span<float> values)
    {
        Require(layout, embeddings);
        if (values.Length != (long)pixels.Length * layout.Channels)
            throw new ArgumentException($"Gather: {values.Length} values do not hold {pixels.Length} vectors of {layout.Channels}.");
        foreach (var pixel in pixels)
        {
            if (pixel < 0 || pixel >= layout.Count)
                throw new ArgumentException($"Gather: pixel {pixel} lies outside the {layout.Count} of the batch.");
        }

        if (pixels.Length == 0)
            return;
        if (embeddings.Device is IlgpuDevice gpu)
        {
            using var holdings = new Holdings();
            var pixelsThere = holdings.Upload(gpu, pixels, nameof(Gather));
            var valuesThere = holdings.Allocate<float>(gpu, values.Length, nameof(Gather));
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, EmbeddingLayout, ArrayView<float>, ArrayView<int>, ArrayView<float>>(
                EmbeddingLossSimt.Gather))(values.Length, layout, embeddings.View, pixelsThere.View, valuesThere.View);
            valuesThere.CopyTo(values);
            return;
        }

        for (var i = 0; i < pixels.Length; i++)
            new ReadOnlySpan<float>(embeddings.HostAddress + (long)pixels[i] * layout.PixelStride + layout.ChannelOffset, layout.Channels)
                .CopyTo(values[(i * layout.Channels)..]);
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
    /// line; else empty.</param>
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    public static void Sums(
        EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, DeviceBuffer<float> objects, DeviceBuffer<float> anchors, DeviceBuffer<float> lines)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Require(inputs);
        if (!gradient.IsNull)
            Require(inputs.Layout, gradient);
        if (objects.Length != inputs.ObjectFactors.Length * ObjectWidth(inputs.Layout.Channels, !gradient.IsNull)
            || anchors.Length != inputs.AnchorFactors.Length * AnchorScalars)
            throw new ArgumentException($"EmbeddingLoss: {objects.Length} and {anchors.Length} sums do not fit {inputs.ObjectFactors.Length} objects "
                + $"and {inputs.AnchorFactors.Length} anchors of {inputs.Layout}.");
        RequireLines(inputs, lines);
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
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    public static void Gradient(EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Require(inputs);
        Require(inputs.Layout, gradient);
        if (shift.Length != (long)inputs.Centres.Segments.Clusters * inputs.Layout.Channels)
            throw new ArgumentException($"EmbeddingLoss: a shift of {shift.Length} elements does not fit {inputs.Centres.Segments.Clusters} clusters of {inputs.Layout}.");
        RequireLines(inputs, inputs.LineFactors);
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
        var centres = inputs.Centres;
        if (centres.Layout.Images != layout.Images || centres.Layout.Pixels != layout.Pixels || centres.Objects > inputs.ObjectFactors.Length)
            throw new ArgumentException($"EmbeddingLoss: a table of {centres.Objects} centres of {centres.Layout} does not fit {inputs.ObjectFactors.Length} of {layout}.");
        if (inputs.Objects.Length != inputs.ObjectFactors.Length * layout.Channels
            || inputs.Anchors.Length != inputs.AnchorFactors.Length * layout.Channels
            || inputs.MomentumAnchors.Length != inputs.Anchors.Length || centres.AnchorPixels.Length != inputs.AnchorFactors.Length)
            throw new ArgumentException($"EmbeddingLoss: centres and their factors do not fit each other ({inputs.Objects.Length} and "
                + $"{inputs.Anchors.Length} elements of centres, {inputs.ObjectFactors.Length} and "
                + $"{inputs.AnchorFactors.Length} factors, {layout}).");
        if (inputs.AnchorFactors.Length > 0)
        {
            Require(inputs.MomentumLayout, inputs.MomentumEmbeddings);
            if (inputs.MomentumLayout.Images != layout.Images || inputs.MomentumLayout.Pixels != layout.Pixels || inputs.MomentumLayout.Channels != layout.Channels)
                throw new ArgumentException($"EmbeddingLoss: embeddings of f {layout} and of g {inputs.MomentumLayout} differ.");
        }
    }

    private static void RequireLines(EmbeddingLossInputs inputs, DeviceBuffer<float> lines)
    {
        var (count, length) = (inputs.Layout.Count, inputs.Terms.LineLength);
        if (length < 0 || (length > 0 && count % length != 0) || lines.Length != (length > 0 ? 2 * (count / length) : 0))
            throw new ArgumentException($"EmbeddingLoss: {lines.Length} values of lines of {length} pixels do not fit {inputs.Layout}.");
    }
}
