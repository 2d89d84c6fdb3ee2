using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What the ILGPU kernels of the soft masks read.</summary>
/// <param name="Falloff">1 / (2 sigma^2).</param>
/// <param name="Layout">Layout of the embeddings.</param>
/// <param name="Embeddings">e.</param>
/// <param name="Means">mu of every cluster.</param>
/// <param name="Clusters">Cluster of every mask.</param>
/// <param name="FirstMasks">First mask of every image, and K.</param>
/// <param name="Owners">Cluster of every pixel within its image.</param>
/// <param name="FirstClusters">First cluster of every image.</param>
internal readonly record struct SoftMaskViews(
    float Falloff, EmbeddingLayout Layout, ArrayView<float> Embeddings, ArrayView<float> Means, ArrayView<int> Clusters, ArrayView<int> FirstMasks, ArrayView<int> Owners,
    ArrayView<int> FirstClusters);

/// <summary>
/// Soft masks on ILGPU devices. Forward: one thread per value of a mask. Sums: some groups per mask, in which threads side by side take the channels
/// of one pixel; a last kernel adds the groups in their order. Gradient: one thread per component of a pixel, so that neither needs an atomic addition.
/// </summary>
internal sealed class SoftMasksSimt : SoftMasksAlgorithm
{
    /// <summary>Groups per mask: a few masks then fill a GPU.</summary>
    private const int MaximalBlocks = 64;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(SoftMaskInputs inputs, DeviceBuffer<float> masks)
    {
        var gpu = masks.Device.Ilgpu;
        var launch = OneBlock.Fit(inputs.Layout.Channels, inputs.Embeddings.View, inputs.Means.View)
            ? gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, SoftMaskViews, ArrayView<float>>(ForwardKernel<OneBlock>))
            : gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, SoftMaskViews, ArrayView<float>>(ForwardKernel<AnyBlocks>));
        launch(IlgpuDevice.Extent(masks.Length, nameof(SoftMasks)), Views(inputs), masks.View);
    }

    /// <inheritdoc/>
    public override void Shift(SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift)
    {
        var (gpu, table, channels) = (masks.Device.Ilgpu, inputs.Table, inputs.Layout.Channels);
        var group = GroupSum.Size(gpu);
        var blocks = Math.Min((inputs.Layout.Pixels - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>((long)table.Masks * channels * blocks, nameof(SoftMasks));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<SoftMaskViews, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(SumsKernel))(
            (table.Masks * blocks, group), Views(inputs), blocks, masks.View, maskGradient.View, partials.View);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, int, ArrayView<int>, ArrayView<int>, ArrayView<float>, ArrayView<float>>(ShiftKernel))(
            IlgpuDevice.Extent(shift.Length, nameof(SoftMasks)), channels, blocks, table.ClusterMasks.View, table.Segments.Counts.View, partials.View, shift.View);
    }

    /// <inheritdoc/>
    public override void Gradient(
        SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift, DeviceBuffer<float> gradient) =>
        masks.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, SoftMaskViews, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(inputs.Layout.Count * inputs.Layout.Channels, nameof(SoftMasks)), Views(inputs), masks.View, maskGradient.View,
            shift.View, gradient.View);

    /// <summary>One thread per component of a cluster: adds the groups of all masks around its mean.</summary>
    private static void ShiftKernel(
        Index1D i, int channels, int blocks, ArrayView<int> clusterMasks, ArrayView<int> counts, ArrayView<float> partials, ArrayView<float> shift)
    {
        var cluster = i.X / channels;
        var first = (long)clusterMasks[cluster] * blocks;
        shift[i] = -GroupSum.Compensated(partials, first * channels + i.X % channels, channels, (clusterMasks[cluster + 1] - clusterMasks[cluster]) * blocks) / counts[cluster];
    }

    private static void ForwardKernel<TBlocks>(Index1D i, SoftMaskViews v, ArrayView<float> masks) where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var k = i.X / v.Layout.Pixels;
        var at = ((long)ImageOf(v, k) * v.Layout.Pixels + i.X % v.Layout.Pixels) * v.Layout.PixelStride + v.Layout.ChannelOffset;
        var (channels, isAligned) = (v.Layout.Channels, v.Layout.IsAligned);
        var e = default(TBlocks).Pixel(v.Embeddings, at, channels, isAligned);
        masks[i] = XMath.Exp(-v.Falloff * BlockDistance.ToCentre<TBlocks>(e, v.Embeddings, at, isAligned, v.Means, (long)v.Clusters[k] * channels, channels));
    }

    private static void SumsKernel(
        SoftMaskViews v, int blocks, ArrayView<float> masks, ArrayView<float> maskGradient, ArrayView<float> partials)
    {
        var layout = v.Layout;
        var k = Grid.IdxX / blocks;
        var block = Grid.IdxX % blocks;
        var image = (long)ImageOf(v, k) * layout.Pixels;
        var lanes = XMath.Min(layout.Channels, Group.DimX);
        var parts = Group.DimX / lanes;
        var lane = Group.IdxX % lanes;
        var part = Group.IdxX / lanes;
        for (var first = 0; first < layout.Channels; first += lanes)
        {
            var c = first + lane;
            var sum = 0f;
            if (part < parts && c < layout.Channels)
            {
                var centre = v.Means[(long)v.Clusters[k] * layout.Channels + c];
                for (var p = block * parts + part; p < layout.Pixels; p += blocks * parts)
                {
                    var m = (long)k * layout.Pixels + p;
                    var e = v.Embeddings[(image + p) * layout.PixelStride + layout.ChannelOffset + c];
                    sum += masks[m] * maskGradient[m] * (e - centre);
                }
            }

            sum = GroupReduction.ToFirstLane(sum, part, parts, lanes, default(NumberSum));
            if (part == 0 && c < layout.Channels)
                partials[(long)Grid.IdxX * layout.Channels + c] = -2 * v.Falloff * sum;
            Group.Barrier();
        }
    }

    private static void GradientKernel(
        Index1D i, SoftMaskViews v, ArrayView<float> masks, ArrayView<float> maskGradient, ArrayView<float> shift, ArrayView<float> gradient)
    {
        var layout = v.Layout;
        var pixel = i.X / layout.Channels;
        var c = i.X % layout.Channels;
        var image = pixel / layout.Pixels;
        var p = pixel % layout.Pixels;
        var at = (long)pixel * layout.PixelStride + layout.ChannelOffset + c;
        var e = v.Embeddings[at];
        var sum = 0f;
        for (var k = v.FirstMasks[image]; k < v.FirstMasks[image + 1]; k++)
        {
            var m = (long)k * layout.Pixels + p;
            sum += masks[m] * maskGradient[m] * (e - v.Means[(long)v.Clusters[k] * layout.Channels + c]);
        }

        gradient[at] = shift[(long)(v.FirstClusters[image] + v.Owners[pixel]) * layout.Channels + c] - 2 * v.Falloff * sum;
    }

    private static int ImageOf(SoftMaskViews v, int mask)
    {
        var image = 0;
        while (v.FirstMasks[image + 1] <= mask)
            image++;
        return image;
    }

    private static SoftMaskViews Views(SoftMaskInputs i) => new(
        i.Falloff, i.Layout, i.Embeddings.View, i.Means.View, i.Table.Clusters.View, i.Table.FirstMasks.View, i.Table.Segments.Owners.View, i.Table.FirstClusters.View);
}
