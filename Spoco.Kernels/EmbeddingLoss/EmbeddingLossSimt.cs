using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The passes on ILGPU devices: <see cref="EmbeddingSumsKernels"/> and <see cref="EmbeddingGradientKernels"/>.</summary>
internal sealed class EmbeddingLossSimt : EmbeddingLossAlgorithm
{
    /// <summary>Groups per image: enough to fill a large GPU with one image, few enough to keep the sums of the groups small.</summary>
    private const int MaximalGroups = 256;

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
        var group = GroupSum.Size(gpu);
        var groups = Groups(layout, group);
        using var holdings = new Holdings();
        var partials = holdings.Allocate<float>(gpu, inputs.Anchors.Length * groups, nameof(EmbeddingLoss));
        var sums = holdings.Allocate<float>(gpu, inputs.Anchors.Length, nameof(EmbeddingLoss));
        var launch = AreFull(inputs, shift.View, gradient.View)
            ? gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingGradientKernels.Differentiate<FullBlocks>))
            : gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingGradientKernels.Differentiate<LooseBlocks>));
        launch((layout.Images * groups, group), EmbeddingLossViews.Of(inputs), groups, inputs.LineFactors.View, shift.View, gradient.View, partials.View);
        if (inputs.Centres.Anchors == 0)
            return;
        AddGroups(gpu, default, partials, groups, 1, layout.Channels, default, sums);
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLayout, ArrayView<ImageCentres>, ArrayView<int>, ArrayView<float>, ArrayView<float>>(
            EmbeddingGradientKernels.SubtractAnchors))(
            (layout.Images, group), layout, inputs.Centres.Images.View, inputs.Centres.AnchorPixels.View, sums.View, gradient.View);
    }

    private static void Pass(EmbeddingLossInputs inputs, bool gradient, EmbeddingLossSums sums)
    {
        var (gpu, layout) = (inputs.Embeddings.Device.Ilgpu, inputs.Layout);
        var group = GroupSum.Size(gpu);
        var groups = Groups(layout, group);
        var width = EmbeddingLoss.ObjectWidth(layout.Channels, gradient);
        using var holdings = new Holdings();
        var objects = holdings.Allocate<float>(gpu, sums.Objects.Length * groups, nameof(EmbeddingLoss));
        var anchors = holdings.Allocate<float>(gpu, sums.Anchors.Length * groups, nameof(EmbeddingLoss));
        var pixels = holdings.Allocate<float>(gpu, inputs.Terms.LineLength > 0 ? 2 * layout.Count : 0, nameof(EmbeddingLoss));
        var launch = AreFull(inputs)
            ? gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingSumsKernels.Sum<FullBlocks>))
            : gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
                EmbeddingSumsKernels.Sum<LooseBlocks>));
        launch((layout.Images * groups, group), EmbeddingLossViews.Of(inputs), groups, width, objects.View, anchors.View, pixels.View);
        AddGroups(gpu, objects, anchors, groups, width, EmbeddingLoss.AnchorScalars, sums.Objects, sums.Anchors);
        if (pixels.Length > 0)
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int, ArrayView<float>>(EmbeddingSumsKernels.AddLines))(
                IlgpuDevice.Extent(sums.Lines.Length, nameof(EmbeddingLoss)), pixels.View, inputs.Terms.LineLength, sums.Lines.View);
    }

    private static void AddGroups(
        IlgpuDevice gpu, DeviceBuffer<float> objectPartials, DeviceBuffer<float> anchorPartials, int groups, int width, int anchorWidth, DeviceBuffer<float> objects,
        DeviceBuffer<float> anchors)
    {
        var group = GroupSum.Size(gpu);
        var together = EmbeddingSumsKernels.AddedTogether(group);
        gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<float>, ArrayView<float>, int, int, int, ArrayView<float>, ArrayView<float>>(EmbeddingSumsKernels.AddGroups))(
            (IlgpuDevice.Extent((objects.Length + anchors.Length + together - 1) / together, nameof(EmbeddingLoss)), group), objectPartials.View, anchorPartials.View, groups,
            width, anchorWidth, objects.View, anchors.View);
    }

    private static bool AreFull(EmbeddingLossInputs i, params ReadOnlySpan<ArrayView<float>> further) =>
        FullBlocks.Fit(i.Layout.Channels, i.Embeddings.View, i.MomentumEmbeddings.View, i.Means.View, i.Anchors.View, i.MomentumAnchors.View)
            && FullBlocks.Fit(i.Layout.Channels, further);

    private static int Groups(EmbeddingLayout layout, int group) => Math.Min((layout.Pixels - 1) / group + 1, MaximalGroups);
}
