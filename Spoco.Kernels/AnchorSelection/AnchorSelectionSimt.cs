using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Anchors on ILGPU devices: a group per image. Every thread keeps to its own candidates; the first free one of all becomes an anchor, and each thread strikes those of its own that
/// are near it.
/// </summary>
internal sealed class AnchorSelectionSimt : AnchorSelectionAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override void Select(
        EmbeddingLayout layout, DeviceBuffer<float> f, DeviceBuffer<float> g, CentreTable centres, float distance, DeviceBuffer<float> anchors,
        DeviceBuffer<float> momentumAnchors, DeviceBuffer<float> selected)
    {
        var gpu = anchors.Device.Ilgpu;
        var struck = gpu.Allocate<int>(Math.Max(1, centres.Candidates.Length), nameof(AnchorSelection));
        using var memory = struck.Memory;
        var launch = OneBlock.Fit(layout.Channels, f.View, g.View)
            ? gpu.Kernel(static d => d.LoadStreamKernel<
                EmbeddingLayout, float, ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<ImageCentres>, ArrayView<int>, ArrayView<int>, ArrayView<float>,
                ArrayView<float>, ArrayView<float>>(SelectKernel<OneBlock>))
            : gpu.Kernel(static d => d.LoadStreamKernel<
                EmbeddingLayout, float, ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<ImageCentres>, ArrayView<int>, ArrayView<int>, ArrayView<float>,
                ArrayView<float>, ArrayView<float>>(SelectKernel<AnyBlocks>));
        launch(
            (layout.Images, GroupSum.Size(gpu)), layout, distance, f.View, g.View, centres.Candidates.View, centres.Images.View, struck.View, centres.AnchorPixels.View,
            anchors.View, momentumAnchors.View, selected.View);
    }

    private static void SelectKernel<TBlocks>(
        EmbeddingLayout layout, float distance, ArrayView<float> f, ArrayView<float> g, ArrayView<int> candidates, ArrayView<ImageCentres> images, ArrayView<int> struck,
        ArrayView<int> anchorPixels, ArrayView<float> anchors, ArrayView<float> momentumAnchors, ArrayView<float> selected)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var image = images[Grid.IdxX];
        var t = Group.IdxX;
        for (var i = t; i < image.Candidates; i += Group.DimX)
            struck[image.FirstCandidate + i] = 0;
        var count = 0;
        var first = 0;
        while (count < image.Anchors && first < image.Candidates)
        {
            var free = image.Candidates;
            for (var i = t; i < image.Candidates && free == image.Candidates; i += Group.DimX)
            {
                if (struck[image.FirstCandidate + i] == 0)
                    free = i;
            }

            first = GroupReduction.ToAll(free, default(SmallestInteger));
            if (first < image.Candidates)
            {
                var row = image.FirstAnchor + count;
                var pixel = candidates[image.FirstCandidate + first];
                var at = (long)pixel * layout.PixelStride + layout.ChannelOffset;
                for (var c = t; c < layout.Channels; c += Group.DimX)
                {
                    anchors[(long)row * layout.Channels + c] = f[at + c];
                    momentumAnchors[(long)row * layout.Channels + c] = g[at + c];
                }

                if (t == 0)
                {
                    anchorPixels[row] = pixel;
                    selected[row] = first;
                }

                var ofF = default(TBlocks).Pixel(f, at, layout.Channels, layout.IsAligned);
                var ofG = default(TBlocks).Pixel(g, at, layout.Channels, layout.IsAligned);
                for (var i = t; i < image.Candidates; i += Group.DimX)
                {
                    var other = (long)candidates[image.FirstCandidate + i] * layout.PixelStride + layout.ChannelOffset;
                    if (struck[image.FirstCandidate + i] == 0 && (i <= first || IsNear<TBlocks>(layout, f, ofF, at, other, distance) || IsNear<TBlocks>(layout, g, ofG, at, other, distance)))
                        struck[image.FirstCandidate + i] = 1;
                }

                count++;
            }

            // The shared memory of the reduction is used again.
            Group.Barrier();
        }

        // All have read the entry.
        Group.Barrier();
        if (t == 0)
            images[Grid.IdxX] = image.WithAnchors(count);
    }

    private static bool IsNear<TBlocks>(EmbeddingLayout layout, ArrayView<float> e, EmbeddingBlock first, long a, long b, float distance)
        where TBlocks : unmanaged, IEmbeddingBlocks =>
        XMath.Sqrt(BlockDistance.ToPixel<TBlocks>(first, e, a, b, layout.IsAligned, layout.Channels)) < distance;
}
