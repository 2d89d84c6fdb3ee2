using System.Runtime.InteropServices;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// What the terms of one evaluation share: labels on the device, means of clusters, anchors, the passes over the pixels, and the report that is read back. Terms first say what they need; then
/// everything is launched, and nothing is waited for.
/// </summary>
internal sealed class LossContext : IDisposable
{
    private readonly Holdings _holdings = new();
    private readonly int _findings;
    private Tensor? _report;

    /// <summary>Begins an evaluation.</summary>
    /// <param name="embeddings">e^f, and behind it a foreground logit where there is one.</param>
    /// <param name="labels">The labels.</param>
    /// <param name="options">Margins and variants.</param>
    /// <param name="momentum">e^g, or null.</param>
    /// <param name="gradient">Receives the gradient; null: none is wanted.</param>
    /// <param name="findings">Numbers that the report has room for beside its own.</param>
    public LossContext(Tensor embeddings, LabelBatch labels, SpocoLossOptions options, Tensor? momentum, Tensor? gradient, int findings)
    {
        _findings = findings;
        (Embeddings, Labels, Momentum, Gradient) = (embeddings, labels, momentum, gradient?.Buffer ?? default);
        Layout = EmbeddingLayout.Of(embeddings.Shape, embeddings.Shape.C - (options.ForegroundChannel ? 1 : 0));
        Segments = labels.On(embeddings.Device);
        Falloff = options.Falloff;
        Passes = new EmbeddingLossTerms(options.PullMargin, options.PushMargin, (float)Falloff, MaskLoss.None, MaskLoss.None, 0, 0, 0);
        Weights = new CentreWeights(0, 0, 0, 0, 0, 0, options.ReferenceCompatible ? 1 : 0);
        KeptAnchors = options.MaximalAnchors;
        ObjectFactors = new CentreFactors[labels.Clusters];
        Images = new ImageCentres[Layout.Images];
        for (var n = 0; n < Images.Length; n++)
        {
            var (first, end) = (labels.ImageClusters[n], labels.ImageClusters[n + 1]);
            var zero = labels.Labels[first] == 0 ? 1 : 0;
            Images[n] = new ImageCentres(
                first, end - first, end - first, options.Supervision == Supervision.Sparse ? zero : 0, options.BackgroundIsInstance ? 0 : zero, zero - 1,
                zero * labels.Pixels(first).Length, 0, 0, 0, 0);
        }
    }

    /// <summary>e^f.</summary>
    public Tensor Embeddings { get; }

    /// <summary>e^g, or null.</summary>
    public Tensor? Momentum { get; }

    /// <summary>The labels.</summary>
    public LabelBatch Labels { get; }

    /// <summary>The labels on the device.</summary>
    public PixelSegments Segments { get; }

    /// <summary>Where the embeddings lie.</summary>
    public EmbeddingLayout Layout { get; }

    /// <summary>Receives the gradient; null: none is wanted.</summary>
    public DeviceBuffer<float> Gradient { get; }

    /// <summary>1 / (2 sigma^2) of the soft masks.</summary>
    public double Falloff { get; }

    /// <summary>Which clusters and anchors belong to every image.</summary>
    public ImageCentres[] Images { get; }

    /// <summary>Factors of every cluster, as far as they depend on no sum.</summary>
    public CentreFactors[] ObjectFactors { get; }

    /// <summary>Switches of the passes over the pixels.</summary>
    public EmbeddingLossTerms Passes { get; set; }

    /// <summary>Weights of the terms of clusters and anchors.</summary>
    public CentreWeights Weights { get; set; }

    /// <summary>Whether a term needs the means of the clusters.</summary>
    public bool NeedsMeans { get; set; }

    /// <summary>Whether a term sums over pixels around the means.</summary>
    public bool NeedsObjects { get; set; }

    /// <summary>Pixels that anchors are selected from, within the batch.</summary>
    public List<int> Candidates { get; set; } = [];

    /// <summary>Least distance between two anchors.</summary>
    public float AnchorDistance { get; set; }

    /// <summary>Most anchors of an image that there may be in any step: memory for masks is taken for so many, so that a step in steady state takes none that another one did not.</summary>
    private int KeptAnchors { get; }

    private DeviceBuffer<float> Report => _report!.Buffer;

    private ComputeDevice Device => Embeddings.Device;

    private int Anchors => Images.Sum(i => i.Anchors);

    /// <summary>Takes memory for the time of the evaluation.</summary>
    public DeviceBuffer<T> Allocate<T>(long length) where T : unmanaged => _holdings.Allocate<T>(Device, length, nameof(SpocoLoss));

    /// <summary>Takes memory with the given contents.</summary>
    public DeviceBuffer<T> Upload<T>(ReadOnlySpan<T> values) where T : unmanaged => _holdings.Upload(Device, values, nameof(SpocoLoss));

    /// <summary>The values of a column: one per image, 0 before a term writes them.</summary>
    public DeviceBuffer<float> ValuesOf(int column) => Report.Slice(_findings + (long)column * Layout.Images, Layout.Images);

    /// <summary>Computes what the terms share, once all of them are staged: values of the terms of clusters and anchors, and the gradient.</summary>
    /// <param name="further">Values beside the terms' that the report has room for.</param>
    public void Run(int further)
    {
        var values = (long)LossTerm.Columns * Layout.Images;
        var anchors = Anchors;
        _report = Tensor.Empty(Device, TensorShape.Vector((int)(_findings + values + further + Layout.Images + 2L * anchors)), nameof(SpocoLoss));
        Report.Slice(0, _findings + values).Clear();
        for (var n = 0; n < Images.Length && NeedsObjects; n++)
            Images[n] = Images[n] with { FirstOwner = Passes.Instance == MaskLoss.None ? Images[n].FirstPulled : Math.Min(Images[n].FirstPulled, Images[n].FirstInstance) };
        var centres = _holdings.Add(CentreTable.Upload(Layout, Segments, Images, CollectionsMarshal.AsSpan(Candidates)));
        var passes = Inputs(centres, anchors);
        if (NeedsMeans || NeedsObjects)
            Primitives.ClusterMeans.Forward(Layout, Embeddings.Buffer, Segments, passes.Means);
        var ofAnchors = Report.Slice(_findings + values + further, Layout.Images + 2L * anchors);
        if (anchors > 0)
            Primitives.AnchorSelection.Select(
                Layout, passes.Embeddings, passes.MomentumEmbeddings, centres, AnchorDistance, passes.Anchors, passes.MomentumAnchors, ofAnchors.Slice(Layout.Images, anchors));
        var sums = NeedsObjects || anchors > 0 ? Sum(passes) : default;
        var shift = Gradient.IsNull ? default : Allocate<float>(passes.Means.Length);
        Primitives.CentreTerms.Evaluate(new CentreTermsInputs
        {
            Passes = passes, Sums = sums, Weights = Weights, Values = Report.Slice(_findings, (long)CentreTermsInputs.Terms * Layout.Images), Shift = shift,
            Used = ofAnchors.Slice(0, Layout.Images), Remaining = ofAnchors.Slice(Layout.Images + anchors, anchors),
        });
        if (!Gradient.IsNull)
            Primitives.EmbeddingLoss.Gradient(passes, shift, Gradient);
    }

    /// <summary>The weighted sum of the terms.</summary>
    public void Sum(IReadOnlyList<LossTerm> terms, DeviceBuffer<float> total)
    {
        var weights = new float[LossTerm.Columns];
        foreach (var term in terms)
            weights[term.Column] = term.Scale(Layout.Images);
        Primitives.TermSum.Forward(Report.Slice(_findings, (long)LossTerm.Columns * Layout.Images), Upload<float>(weights), total);
    }

    /// <summary>Puts the value of a further term into the report.</summary>
    public void Note(int index, Tensor value) => value.Buffer.CopyTo(Report.Slice(_findings + (long)LossTerm.Columns * Layout.Images + index, 1));

    /// <summary>Hands the report over, whose memory belongs to it from now on.</summary>
    public LossReport TakeReport(IReadOnlyList<LossTerm> terms, IReadOnlyList<ILossTerm> further)
    {
        var report = new LossReport(_report!, _findings, Layout, Images, Candidates, terms, further);
        _report = null;
        return report;
    }

    /// <summary>Returns the memory; what is launched may still use it.</summary>
    public void Dispose()
    {
        _report?.Dispose();
        _holdings.Dispose();
    }

    private EmbeddingLossInputs Inputs(CentreTable centres, int anchors) => new()
    {
        Terms = Passes,
        Layout = Layout,
        Embeddings = Embeddings.Buffer,
        MomentumLayout = Layout,
        MomentumEmbeddings = anchors > 0 ? Momentum!.Buffer : default,
        Centres = centres,
        Means = Allocate<float>((long)Segments.Clusters * Layout.Channels),
        ObjectFactors = Upload<CentreFactors>(ObjectFactors),
        Anchors = Allocate<float>((long)anchors * Layout.Channels),
        MomentumAnchors = Allocate<float>((long)anchors * Layout.Channels),
        AnchorFactors = Allocate<CentreFactors>(anchors),
        LineFactors = Allocate<float>(Passes.LineLength > 0 ? 2 * Layout.Count / Passes.LineLength : 0),
        KeptMasks = !Gradient.IsNull && anchors > 0
            ? Allocate<float>(Primitives.EmbeddingLoss.KeptLength(Device, Layout, Math.Max(KeptAnchors, Images.Max(i => i.Anchors)))) : default,
    };

    /// <summary>The sums over the pixels.</summary>
    private EmbeddingLossSums Sum(EmbeddingLossInputs passes)
    {
        var sums = new EmbeddingLossSums(
            Allocate<float>(passes.ObjectFactors.Length * Primitives.EmbeddingLoss.ObjectWidth(Layout.Channels, !Gradient.IsNull)),
            Allocate<float>(passes.AnchorFactors.Length * Primitives.EmbeddingLoss.AnchorScalars), Allocate<float>(passes.LineFactors.Length));
        Primitives.EmbeddingLoss.Sums(passes, Gradient, sums);
        return sums;
    }
}
