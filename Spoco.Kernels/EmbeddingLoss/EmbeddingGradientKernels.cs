using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The second pass on ILGPU devices: first a thread owns a pixel and leaves its weights in shared memory, then a thread owns components of the gradient, and of what the pixels do to the
/// anchors. A last kernel adds the latter over the groups.
/// </summary>
internal static class EmbeddingGradientKernels
{
    /// <summary>Longest chunk.</summary>
    private const int MaximalGroup = GroupSum.MaximalSize;

    /// <summary>Centres whose gradient is computed together (8 KiB).</summary>
    private const int GradientRows = 8;

    /// <summary>The gradient of the chunks of every group.</summary>
    public static void Differentiate(
        EmbeddingLossViews v, int blocks, ArrayView<float> lineFactors, ArrayView<float> shift, ArrayView<float> gradient,
        ArrayView<float> anchorPartials)
    {
        var weights = SharedMemory.Allocate1D<float>(GradientRows * MaximalGroup);
        var layout = v.Layout;
        var terms = v.Terms;
        var n = Grid.IdxX / blocks;
        var block = Grid.IdxX % blocks;
        var image = v.Images[n];
        var t = Group.IdxX;
        for (var chunk = block; (long)chunk * Group.DimX < layout.Pixels; chunk += blocks)
        {
            var first = chunk * Group.DimX;
            var count = XMath.Min(Group.DimX, layout.Pixels - first);
            var pixel = (long)n * layout.Pixels + first + t;
            var at = pixel * layout.PixelStride + layout.ChannelOffset;
            var owner = t < count ? v.Owners[pixel] : -2;
            var firstPixel = (long)n * layout.Pixels + first;

            // Every thread keeps to the same components of the gradient from here on: additions to them need no barrier.
            for (var i = t; i < count * layout.Channels; i += Group.DimX)
            {
                var p = firstPixel + i / layout.Channels;
                var c = i % layout.Channels;
                gradient[p * layout.PixelStride + layout.ChannelOffset + c] = shift[(long)(image.FirstCluster + v.Owners[p]) * layout.Channels + c];
            }

            for (var first0 = 0; first0 < image.Objects; first0 += GradientRows)
            {
                var rows = XMath.Min(GradientRows, image.Objects - first0);
                for (var r = 0; r < rows && t < count; r++)
                {
                    var o = ObjectPixel.Of(v, image, first0 + r, owner, at);
                    var factors = v.ObjectFactors[image.FirstObject + first0 + r];
                    weights[r * MaximalGroup + t] = terms.Instance == MaskLoss.Dice
                        ? o.FixedWeight + o.Mask * ((o.IsOwn ? factors.Overlap : 0f) + factors.Square * o.Mask)
                        : o.FixedWeight;
                }

                Group.Barrier();
                AddToGradient(v.Embeddings, v.Means, (long)(image.FirstObject + first0) * layout.Channels, layout, firstPixel, count, rows, weights,
                    gradient);
                Group.Barrier();
            }

            var momentumAt = pixel * v.MomentumLayout.PixelStride + v.MomentumLayout.ChannelOffset;
            for (var first0 = 0; first0 < image.Anchors; first0 += GradientRows)
            {
                var rows = XMath.Min(GradientRows, image.Anchors - first0);
                for (var r = 0; r < rows && t < count; r++)
                {
                    var anchor = image.FirstAnchor + first0 + r;
                    var row = (long)anchor * layout.Channels;
                    var x = terms.Falloff * ObjectPixel.SquaredDistance(v.Embeddings, at, v.Anchors, row, layout.Channels);
                    var y = terms.Falloff * ObjectPixel.SquaredDistance(v.Momentum, momentumAt, v.MomentumAnchors, row, layout.Channels);
                    var p = XMath.Exp(-x);
                    var q = XMath.Exp(-y);
                    var factors = v.AnchorFactors[anchor];
                    var overlap = factors.Overlap;
                    var square = factors.Square;
                    if (terms.LineLength > 0)
                    {
                        // ILGPU moves the division out of the loop, and with it out of the condition: on a CPU behind OpenCL a divisor of 0 traps.
                        var line = pixel / XMath.Max(terms.LineLength, 1);
                        overlap = lineFactors[2 * line];
                        square = lineFactors[2 * line + 1];
                    }

                    weights[r * MaximalGroup + t] = terms.Consistency == MaskLoss.CrossEntropy
                        ? factors.CrossEntropy * SoftMask.CrossEntropySlope(x, p, SoftMask.Difference(x, p, y, q))
                        : p * (overlap * q + square * p);
                }

                Group.Barrier();
                var firstRow = (long)(image.FirstAnchor + first0) * layout.Channels;
                AddToGradient(v.Embeddings, v.Anchors, firstRow, layout, firstPixel, count, rows, weights, gradient);
                for (var o = t; o < rows * layout.Channels; o += Group.DimX)
                {
                    var r = o / layout.Channels;
                    var c = o % layout.Channels;
                    var centre = v.Anchors[firstRow + o];
                    var sum = 0f;
                    var component = firstPixel * layout.PixelStride + layout.ChannelOffset + c;
                    for (var p = 0; p < count; p++)
                        sum += weights[r * MaximalGroup + p] * (v.Embeddings[component + (long)p * layout.PixelStride] - centre);
                    var slot = ((long)(image.FirstAnchor + first0 + r) * blocks + block) * layout.Channels + c;
                    anchorPartials[slot] = chunk == block ? sum : anchorPartials[slot] + sum;
                }

                Group.Barrier();
            }
        }
    }

    /// <summary>
    /// A group per image adds what the groups of pixels do to its anchors, and subtracts it there: one thread goes through a channel of all anchors, so that two on one pixel do not collide.
    /// </summary>
    public static void SubtractAnchors(
        EmbeddingLayout layout, int blocks, ArrayView<ImageCentres> images, ArrayView<int> pixels, ArrayView<float> partials, ArrayView<float> sums, ArrayView<float> gradient)
    {
        var image = images[Grid.IdxX];
        var first = image.FirstAnchor * layout.Channels;
        for (var i = Group.IdxX; i < image.Anchors * layout.Channels; i += Group.DimX)
            sums[first + i] = GroupSum.OfBlocks(partials, first + i, blocks, layout.Channels);
        Group.Barrier();
        for (var c = Group.IdxX; c < layout.Channels; c += Group.DimX)
        {
            for (var a = image.FirstAnchor; a < image.FirstAnchor + image.Anchors; a++)
                gradient[(long)pixels[a] * layout.PixelStride + layout.ChannelOffset + c] -= sums[(long)a * layout.Channels + c];
        }
    }

    private static void AddToGradient(
        ArrayView<float> embeddings, ArrayView<float> centres, long firstRow, EmbeddingLayout layout, long firstPixel, int count, int rows,
        ArrayView<float> weights, ArrayView<float> gradient)
    {
        for (var i = Group.IdxX; i < count * layout.Channels; i += Group.DimX)
        {
            var p = i / layout.Channels;
            var c = i % layout.Channels;
            var at = (firstPixel + p) * layout.PixelStride + layout.ChannelOffset + c;
            var e = embeddings[at];
            var sum = 0f;
            for (var r = 0; r < rows; r++)
                sum += weights[r * MaximalGroup + p] * (e - centres[firstRow + r * layout.Channels + c]);
            gradient[at] += sum;
        }
    }
}
