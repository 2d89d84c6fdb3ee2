using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The passes on ILGPU devices: <see cref="EmbeddingSumsKernels"/> and <see cref="EmbeddingGradientKernels"/>.</summary>
internal sealed class EmbeddingLossSimt : EmbeddingLossAlgorithm
{
    /// <summary>Groups per image: enough to fill a large GPU with one image, few enough to keep the sums of the groups small.</summary>
    private const int MaximalGroups = 256;

    /// <summary>Threads of a group that computes gradients, and most groups per image: with the registers of such a thread (130 to 168) three groups of 128 share a multiprocessor, and one of 256.</summary>
    private const int GradientGroup = 128;
    private const int MaximalGradientGroups = 512;

    /// <inheritdoc/>
    public override string Name => "chunks";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override long KeptLength(EmbeddingLayout layout, int anchors) => 0;

    /// <inheritdoc/>
    public override void Sums(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, EmbeddingLossSums sums)
    {
        Pass(inputs, !gradient.IsNull, sums);
        if (sums.Lines.Length == 0 || inputs.Terms.LeastRemaining == 0)
            return;

        // What lines are summed over depends on which anchors are used: only the device knows.
        var gpu = inputs.Embeddings.Device.Ilgpu;
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<ImageCentres>, AnchorSums>(EmbeddingSumsKernels.DropAnchors))(
            inputs.Layout.Images, inputs.Centres.Images.View, new AnchorSums(sums.Anchors.View, inputs.Terms.LeastRemaining));
        Pass(inputs, !gradient.IsNull, sums);
    }

    /// <inheritdoc/>
    public override void Gradient(EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        var (gpu, layout) = (gradient.Device.Ilgpu, inputs.Layout);
        var group = Math.Min(GradientGroup, GroupSum.Size(gpu));
        var groups = Groups(layout, group, MaximalGradientGroups);
        var partials = gpu.Allocate<float>(inputs.Anchors.Length * groups, nameof(EmbeddingLoss));
        using var memory = partials.Memory;
        var launch = FitOneBlock(inputs, shift.View, gradient.View)
            ? gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingGradientKernels.Differentiate<OneBlock>))
            : gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingGradientKernels.Differentiate<AnyBlocks>));
        launch((layout.Images * groups, group), EmbeddingLossViews.Of(inputs), groups, inputs.LineFactors.View, shift.View, gradient.View, partials.View);
        if (inputs.Centres.Anchors > 0)
            gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLayout, int, ArrayView<ImageCentres>, ArrayView<int>, ArrayView<float>, ArrayView<float>>(
                EmbeddingGradientKernels.SubtractAnchors))(
                (inputs.Centres.Anchors, GroupSum.Size(gpu)), layout, groups, inputs.Centres.Images.View, inputs.Centres.AnchorPixels.View, partials.View, gradient.View);
    }

    private static void Pass(EmbeddingLossInputs inputs, bool gradient, EmbeddingLossSums sums)
    {
        var (gpu, layout) = (inputs.Embeddings.Device.Ilgpu, inputs.Layout);
        var group = GroupSum.Size(gpu);
        var groups = Groups(layout, group, MaximalGroups);
        var width = EmbeddingLoss.ObjectWidth(layout.Channels, gradient);
        using var holdings = new Holdings();
        var objects = holdings.Allocate<float>(gpu, sums.Objects.Length * groups, nameof(EmbeddingLoss));
        var anchors = holdings.Allocate<float>(gpu, sums.Anchors.Length * groups, nameof(EmbeddingLoss));
        var pixels = holdings.Allocate<float>(gpu, inputs.Terms.LineLength > 0 ? 2 * layout.Count : 0, nameof(EmbeddingLoss));
        var launch = FitOneBlock(inputs)
            ? gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingSumsKernels.Sum<OneBlock>))
            : gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingSumsKernels.Sum<AnyBlocks>));
        launch((layout.Images * groups, group), EmbeddingLossViews.Of(inputs), groups, width, objects.View, anchors.View, pixels.View);
        var together = EmbeddingSumsKernels.AddedTogether(group);
        gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<float>, ArrayView<float>, int, int, ArrayView<float>, ArrayView<float>>(EmbeddingSumsKernels.AddGroups))(
            (IlgpuDevice.Extent((sums.Objects.Length + sums.Anchors.Length + together - 1) / together, nameof(EmbeddingLoss)), group), objects.View, anchors.View, groups, width,
            sums.Objects.View, sums.Anchors.View);
        if (pixels.Length > 0)
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int, ArrayView<float>>(EmbeddingSumsKernels.AddLines))(
                IlgpuDevice.Extent(sums.Lines.Length, nameof(EmbeddingLoss)), pixels.View, inputs.Terms.LineLength, sums.Lines.View);
    }

    private static bool FitOneBlock(EmbeddingLossInputs i, params ReadOnlySpan<ArrayView<float>> further) =>
        OneBlock.Fit(i.Layout.Channels, i.Embeddings.View, i.MomentumEmbeddings.View, i.Means.View, i.Anchors.View, i.MomentumAnchors.View)
            && OneBlock.Fit(i.Layout.Channels, further);

    private static int Groups(EmbeddingLayout layout, int group, int most) => Math.Min((layout.Pixels - 1) / group + 1, most);
}
