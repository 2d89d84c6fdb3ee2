using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The second pass on ILGPU devices: a thread has a pixel, and its embeddings and their gradient in registers. It leaves its weights for a few anchors in shared memory, and the group sums over the
/// pixels what they do to the anchors. A last kernel adds the groups, and subtracts that there.
/// </summary>
internal static class EmbeddingGradientKernels
{
    /// <summary>The gradient of the chunks of every group.</summary>
    public static void Differentiate<TBlocks>(
        EmbeddingLossViews v, int groups, ArrayView<float> lineFactors, ArrayView<float> shift, ArrayView<float> gradient, ArrayView<float> anchorPartials)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var weights = SharedMemory.Allocate1D<float>(WeightedSums.Rows * WeightedSums.Pitch);
        var sums = SharedMemory.Allocate1D<Four>(GroupSum.MaximalSize);
        var blocks = default(TBlocks);
        var layout = v.Layout;
        var channels = layout.Channels;
        var terms = v.Terms;
        var n = Grid.IdxX / groups;
        var group = Grid.IdxX % groups;
        var image = v.Images[n];
        var t = Group.IdxX;
        for (var chunk = group; (long)chunk * Group.DimX < layout.Pixels; chunk += groups)
        {
            var first = chunk * Group.DimX;
            var count = XMath.Min(Group.DimX, layout.Pixels - first);
            var pixel = (long)n * layout.Pixels + first + t;
            var at = pixel * layout.PixelStride + layout.ChannelOffset;
            var momentumAt = pixel * v.MomentumLayout.PixelStride + v.MomentumLayout.ChannelOffset;
            var together = new PixelChunk(v.Embeddings, layout, (long)n * layout.Pixels + first, count);
            var owner = -2;
            var e = default(EmbeddingBlock);
            var sum = default(EmbeddingBlock);
            if (t < count)
            {
                owner = v.Owners[pixel];
                e = blocks.Pixel(v.Embeddings, at, channels, layout.IsAligned);
                var ofCluster = (long)(image.FirstCluster + owner) * channels;
                sum = blocks.Centre(shift, ofCluster, channels);
                for (var c = EmbeddingBlock.Length; c < blocks.End(channels); c += EmbeddingBlock.Length)
                    blocks.Store(gradient, at + c, channels - c, layout.IsAligned, blocks.Centre(shift, ofCluster + c, channels - c));
            }

            for (var first0 = 0; first0 < image.Objects; first0 += WeightedSums.Rows)
            {
                var rows = XMath.Min(WeightedSums.Rows, image.Objects - first0);
                var row0 = (long)(image.FirstObject + first0) * channels;
                for (var r = 0; r < rows && t < count; r++)
                {
                    var row = row0 + (long)r * channels;
                    var difference = e.Minus(blocks.Centre(v.Means, row, channels));
                    var square = difference.Square + BlockDistance.ToCentreBehind<TBlocks>(v.Embeddings, at, layout.IsAligned, v.Means, row, channels);
                    var o = ObjectPixel.Of(v, image, first0 + r, owner, square);
                    var factors = v.ObjectFactors[image.FirstObject + first0 + r];
                    var weight = terms.Instance == MaskLoss.Dice
                        ? o.FixedWeight + o.Mask * ((o.IsOwn ? factors.Overlap : 0f) + factors.Square * o.Mask) : o.FixedWeight;
                    sum = sum.Plus(weight, difference);
                    weights[r * WeightedSums.Pitch + t] = weight;
                }

                if (t < count)
                    AddBehind<TBlocks>(v, at, rows, weights, v.Means, row0, gradient);
            }

            var lineOverlap = 0f;
            var lineSquare = 0f;
            if (t < count && terms.LineLength > 0)
            {
                // ILGPU moves the division out of the condition: on a CPU behind OpenCL a divisor of 0 traps.
                var line = pixel / XMath.Max(terms.LineLength, 1);
                lineOverlap = lineFactors[2 * line];
                lineSquare = lineFactors[2 * line + 1];
            }

            for (var first0 = 0; first0 < image.Anchors; first0 += WeightedSums.Rows)
            {
                var rows = XMath.Min(WeightedSums.Rows, image.Anchors - first0);
                var row0 = (long)(image.FirstAnchor + first0) * channels;

                // All distances in g first, so that not both embeddings and the gradient take registers at once.
                if (t < count)
                {
                    var g = blocks.Pixel(v.Momentum, momentumAt, channels, v.MomentumLayout.IsAligned);
                    for (var r = 0; r < rows; r++)
                        weights[r * WeightedSums.Pitch + t] = terms.Falloff * BlockDistance.ToCentre<TBlocks>(
                            g, v.Momentum, momentumAt, v.MomentumLayout.IsAligned, v.MomentumAnchors, row0 + (long)r * channels, channels);
                }

                for (var r = 0; r < rows && t < count; r++)
                {
                    var row = row0 + (long)r * channels;
                    var difference = e.Minus(blocks.Centre(v.Anchors, row, channels));
                    var x = terms.Falloff * (difference.Square + BlockDistance.ToCentreBehind<TBlocks>(v.Embeddings, at, layout.IsAligned, v.Anchors, row, channels));
                    var y = weights[r * WeightedSums.Pitch + t];
                    var p = XMath.Exp(-x);
                    var q = XMath.Exp(-y);
                    var factors = v.AnchorFactors[image.FirstAnchor + first0 + r];
                    var weight = terms.Consistency == MaskLoss.CrossEntropy ? factors.CrossEntropy * SoftMask.CrossEntropySlope(x, p, SoftMask.Difference(x, p, y, q))
                        : terms.LineLength > 0 ? p * (lineOverlap * q + lineSquare * p)
                        : p * (factors.Overlap * q + factors.Square * p);
                    sum = sum.Plus(weight, difference);
                    weights[r * WeightedSums.Pitch + t] = weight;
                }

                if (t < count)
                    AddBehind<TBlocks>(v, at, rows, weights, v.Anchors, row0, gradient);
                Group.Barrier();
                WeightedSums.AddVector<TBlocks>(
                    weights, sums, rows, together, v.Anchors, row0, new RowTarget(anchorPartials, image.FirstAnchor + first0, groups, group, channels, chunk == group ? 1 : 0));
            }

            if (t < count)
                blocks.Store(gradient, at, channels, layout.IsAligned, sum);
        }
    }

    /// <summary>
    /// A group per anchor adds what the groups of pixels do to it, and subtracts it there. Anchors on one pixel are all taken by the group of the first one.
    /// </summary>
    public static void SubtractAnchors(
        EmbeddingLayout layout, int groups, ArrayView<ImageCentres> images, ArrayView<int> pixels, ArrayView<float> partials, ArrayView<float> gradient)
    {
        var anchor = Grid.IdxX;
        var n = 0;
        while (n + 1 < images.IntLength && images[n + 1].FirstAnchor <= anchor)
            n++;
        var image = images[n];
        var end = image.FirstAnchor + image.Anchors;
        var isFirst = anchor < end;
        for (var other = image.FirstAnchor; other < XMath.Min(anchor, end); other++)
            isFirst &= pixels[other] != pixels[anchor];
        var lanes = XMath.Min(layout.Channels, Group.DimX);
        var parts = Group.DimX / lanes;
        var part = Group.IdxX / lanes;
        for (var first = 0; first < layout.Channels; first += lanes)
        {
            var c = first + Group.IdxX % lanes;
            var isOwn = isFirst && part < parts && c < layout.Channels;
            var sum = 0f;
            for (var other = anchor; other < end && isOwn; other++)
            {
                if (pixels[other] == pixels[anchor])
                    sum += GroupSum.OfBlocks(partials, other * layout.Channels + c, groups, layout.Channels, part, parts);
            }

            sum = GroupReduction.ToFirstLane(sum, part, parts, lanes, default(NumberSum));
            if (isOwn && part == 0)
                gradient[(long)pixels[anchor] * layout.PixelStride + layout.ChannelOffset + c] -= sum;
            Group.Barrier();
        }
    }

    /// <summary>Adds to the gradient of a pixel, in the components behind the first block, with the weights that its thread has left.</summary>
    private static void AddBehind<TBlocks>(
        EmbeddingLossViews v, long at, int rows, ArrayView<float> weights, ArrayView<float> centres, long firstRow, ArrayView<float> gradient)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var blocks = default(TBlocks);
        var channels = v.Layout.Channels;
        var isAligned = v.Layout.IsAligned;
        for (var c = EmbeddingBlock.Length; c < blocks.End(channels); c += EmbeddingBlock.Length)
        {
            var e = blocks.Pixel(v.Embeddings, at + c, channels - c, isAligned);
            var sum = blocks.Pixel(gradient, at + c, channels - c, isAligned);
            for (var r = 0; r < rows; r++)
                sum = sum.Plus(weights[r * WeightedSums.Pitch + Group.IdxX], e.Minus(blocks.Centre(centres, firstRow + (long)r * channels + c, channels - c)));
            blocks.Store(gradient, at + c, channels - c, isAligned, sum);
        }
    }
}
