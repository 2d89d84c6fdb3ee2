namespace Spoco.Kernels.Primitives;

/// <summary>
/// The passes over the pixels that the SPOCO losses need: sums over the soft mask of every centre, gradient of every pixel. What lies between them is <see cref="CentreTerms"/>. Sums have a
/// fixed order: same device, same bits, with any number of threads.
/// </summary>
internal static class EmbeddingLoss
{
    /// <summary>Values per object that <see cref="Sums"/> writes before the three vectors.</summary>
    public const int ObjectScalars = 4;

    /// <summary>Values per anchor that <see cref="Sums"/> writes.</summary>
    public const int AnchorScalars = 3;

    internal static readonly Chooser<EmbeddingLossAlgorithm, EmbeddingLayout> Chooser = new(nameof(EmbeddingLoss), new EmbeddingLossHost(), new EmbeddingLossSimt());

    /// <summary>Number of values per object: <see cref="ObjectScalars"/>, and with a gradient three vectors of E.</summary>
    public static int ObjectWidth(int channels, bool gradient) => gradient ? ObjectScalars + 3 * channels : ObjectScalars;

    /// <summary>Elements of <see cref="EmbeddingLossInputs.KeptMasks"/> that are of use on a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="layout">Layout of the embeddings.</param>
    /// <param name="anchors">Most anchors of an image.</param>
    public static long KeptLength(ComputeDevice device, EmbeddingLayout layout, int anchors)
    {
        ArgumentNullException.ThrowIfNull(device);
        return Chooser.For(device, layout).KeptLength(layout, anchors);
    }

    /// <summary>
    /// Sums over the pixels of an image, for each of its centres. With d = |e - a|, p = exp(-Falloff d^2), per object
    /// [sum_own max(d - delta_v, 0)^2, sum_unlabelled max(delta_d - d, 0)^2, sum_own p (Dice) or the cross-entropy, sum p^2], and with a gradient the
    /// vectors sum w (e - a) for w = weight without its last two terms, w = p on own pixels, w = p^2.
    /// Per anchor [sum p_f p_g or the cross-entropy, sum p_f^2 + p_g^2, pixels that are unlabelled, within delta_v of the anchor
    /// in e^f or e^g, and of no earlier anchor]. Per line, where Terms.LineLength > 0, sum p_f p_g and sum p_f^2 + p_g^2 over the anchors in use and the pixels of the line.
    /// </summary>
    /// <param name="inputs">What is read; of the factors, Pull, UnlabelledPush and CrossEntropy.</param>
    /// <param name="gradient">
    /// Where <see cref="Gradient"/> will write, to write the vectors; null otherwise. Until then it may hold masks that both need.
    /// </param>
    /// <param name="sums">Overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Sums(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, EmbeddingLossSums sums)
    {
        var arguments = Require(inputs).Allow(gradient, inputs.Layout.Elements, "the gradient");
        Require(arguments, inputs, !gradient.IsNull, sums);
        Chooser.For(inputs.Embeddings.Device, inputs.Layout).Sums(inputs, gradient, sums);
    }

    /// <summary>
    /// dL/de_i = shift[cluster of i] + sum over the centres a of weight(e_i, a) (e_i - a), and at the pixel of an anchor a
    /// - sum_i weight(e_i, a) (e_i - a) more: the anchor is itself an embedding.
    /// </summary>
    /// <param name="inputs">What is read; <see cref="Sums"/> was given the same, and the same memory for the gradient.</param>
    /// <param name="shift">[clusters, E]: what reaches every pixel of a cluster through the cluster's mean.</param>
    /// <param name="gradient">Written at the channels of the layout; other channels are left as they are.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Gradient(EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        Require(inputs).Need(shift, inputs.Means.Length, "the shift").Need(gradient, inputs.Layout.Elements, "the gradient");
        Chooser.For(inputs.Embeddings.Device, inputs.Layout).Gradient(inputs, shift, gradient);
    }

    /// <summary>Checks the sums of both passes and of what lies between them.</summary>
    internal static void Require(Arguments arguments, EmbeddingLossInputs inputs, bool gradient, EmbeddingLossSums sums) => arguments
        .Need(sums.Objects, inputs.ObjectFactors.Length * ObjectWidth(inputs.Layout.Channels, gradient), "the sums of the objects")
        .Need(sums.Anchors, inputs.AnchorFactors.Length * AnchorScalars, "the sums of the anchors")
        .Need(sums.Lines, inputs.LineFactors.Length, "the sums of the lines");

    /// <summary>Checks what all passes read.</summary>
    internal static Arguments Require(EmbeddingLossInputs inputs, string operation = nameof(EmbeddingLoss))
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var (layout, centres, length) = (inputs.Layout, inputs.Centres, inputs.Terms.LineLength);
        layout.Require(operation);
        if (centres.Layout.Images != layout.Images || centres.Layout.Pixels != layout.Pixels)
            throw new ArgumentException($"{operation}: a table of centres of {centres.Layout} does not fit {layout}.");
        if (length < 0 || (length > 0 && layout.Count % length != 0))
            throw new ArgumentException($"{operation}: lines of {length} pixels do not fill {layout}.");
        var (clusters, anchors) = (centres.Segments.Clusters, centres.Anchors);
        var arguments = new Arguments(operation, inputs.Embeddings.Device).Need(inputs.Embeddings, layout.Elements, "the embeddings")
            .Need(centres.Segments.Owners, layout.Count, "the labels").Need(inputs.Means, (long)clusters * layout.Channels, "the means")
            .Need(inputs.ObjectFactors, clusters, "the factors of the objects").Need(inputs.Anchors, (long)anchors * layout.Channels, "the anchors in f")
            .Need(inputs.MomentumAnchors, (long)anchors * layout.Channels, "the anchors in g").Need(inputs.AnchorFactors, anchors, "the factors of the anchors")
            .Need(inputs.LineFactors, length > 0 ? 2 * (layout.Count / length) : 0, "the factors of the lines");
        if (anchors == 0)
            return arguments;
        var other = inputs.MomentumLayout;
        other.Require(operation);
        if (other.Images != layout.Images || other.Pixels != layout.Pixels || other.Channels != layout.Channels)
            throw new ArgumentException($"{operation}: embeddings of f {layout} and of g {other} differ.");
        return arguments.Need(inputs.MomentumEmbeddings, other.Elements, "the embeddings of g");
    }
}
