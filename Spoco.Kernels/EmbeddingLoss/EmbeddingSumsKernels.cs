using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The first pass on ILGPU devices. A group works through chunks of as many pixels as it has threads, a few centres at a time, in two phases: first
/// a thread owns a pixel and leaves the weights of that pixel in shared memory, then a thread owns a component of a sum and
/// reads the embeddings of the chunk along the channels, that is, coalesced. A group keeps its sums in its own part of a buffer, and a last
/// kernel adds the groups in their order.
/// </summary>
internal static class EmbeddingSumsKernels
{
    /// <summary>Longest chunk.</summary>
    private const int MaximalGroup = GroupSum.MaximalSize;

    /// <summary>Centres whose sums are computed together, and weights of each (16 KiB of shared memory).</summary>
    private const int SumRows = 4;
    private const int SumKinds = 4;

    /// <summary>Sums of the chunks of every group.</summary>
    public static void Sum(
        EmbeddingLossViews v, int blocks, int width, ArrayView<float> objectPartials, ArrayView<float> anchorPartials, ArrayView<float> pixels)
    {
        var weights = SharedMemory.Allocate1D<float>(SumRows * SumKinds * MaximalGroup);
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
            var chunkAt = ((long)n * layout.Pixels + first) * layout.PixelStride + layout.ChannelOffset;
            for (var first0 = 0; first0 < image.Objects; first0 += SumRows)
            {
                var rows = XMath.Min(SumRows, image.Objects - first0);
                for (var r = 0; r < rows && t < count; r++)
                {
                    var o = ObjectPixel.Of(v, image, first0 + r, owner, at);
                    var overlap = o.IsOwn ? o.Mask : 0f;
                    if (terms.Instance == MaskLoss.CrossEntropy)
                        overlap = SoftMask.CrossEntropy(o.X, o.Mask, o.IsOwn ? 1f : 0f, o.IsOwn ? 0f : 1f);
                    var w = weights.SubView(r * SumKinds * MaximalGroup, SumKinds * MaximalGroup);
                    w[t] = o.FixedWeight;
                    w[MaximalGroup + t] = overlap;
                    w[2 * MaximalGroup + t] = o.Mask * o.Mask;

                    // A pixel is pulled or pushed, never both: the sign tells which.
                    w[3 * MaximalGroup + t] = o.Pull * o.Pull - o.Push * o.Push;
                }

                Group.Barrier();
                for (var o = t; o < rows * width; o += Group.DimX)
                {
                    var r = o / width;
                    var j = o % width;
                    var row = image.FirstObject + first0 + r;
                    var w = weights.SubView(r * SumKinds * MaximalGroup, SumKinds * MaximalGroup);
                    var sum = 0f;
                    if (j < 2)
                    {
                        var sign = j == 0 ? 1f : -1f;
                        for (var p = 0; p < count; p++)
                            sum += XMath.Max(sign * w[3 * MaximalGroup + p], 0f);
                    }
                    else if (j < EmbeddingLoss.ObjectScalars)
                    {
                        for (var p = 0; p < count; p++)
                            sum += w[(j - 1) * MaximalGroup + p];
                    }
                    else
                    {
                        var kind = (j - EmbeddingLoss.ObjectScalars) / layout.Channels * MaximalGroup;
                        var c = (j - EmbeddingLoss.ObjectScalars) % layout.Channels;
                        var centre = v.Means[(long)row * layout.Channels + c];
                        for (var p = 0; p < count; p++)
                            sum += w[kind + p] * (v.Embeddings[chunkAt + (long)p * layout.PixelStride + c] - centre);
                    }

                    var slot = ((long)row * blocks + block) * width + j;
                    objectPartials[slot] = chunk == block ? sum : objectPartials[slot] + sum;
                }

                Group.Barrier();
            }

            var momentumAt = pixel * v.MomentumLayout.PixelStride + v.MomentumLayout.ChannelOffset;
            var uncovered = owner == image.UnlabelledOwner;
            var lineOverlap = 0f;
            var lineSquare = 0f;
            for (var first0 = 0; first0 < image.Anchors; first0 += SumRows)
            {
                var rows = XMath.Min(SumRows, image.Anchors - first0);
                for (var r = 0; r < rows && t < count; r++)
                {
                    var row = (long)(image.FirstAnchor + first0 + r) * layout.Channels;
                    var xf = ObjectPixel.SquaredDistance(v.Embeddings, at, v.Anchors, row, layout.Channels);
                    var xg = ObjectPixel.SquaredDistance(v.Momentum, momentumAt, v.MomentumAnchors, row, layout.Channels);
                    var covered = XMath.Min(XMath.Sqrt(xf), XMath.Sqrt(xg)) < terms.PullMargin;
                    xf *= terms.Falloff;
                    xg *= terms.Falloff;
                    var pf = XMath.Exp(-xf);
                    var pg = XMath.Exp(-xg);
                    var w = weights.SubView(r * SumKinds * MaximalGroup, SumKinds * MaximalGroup);
                    var overlap = terms.Consistency == MaskLoss.CrossEntropy
                        ? SoftMask.CrossEntropy(xf, pf, pg, SoftMask.Complement(xg, pg)) : pf * pg;
                    w[t] = overlap;
                    w[MaximalGroup + t] = pf * pf + pg * pg;
                    w[2 * MaximalGroup + t] = covered && uncovered ? 1f : 0f;
                    uncovered &= !covered;
                    lineOverlap += overlap;
                    lineSquare += pf * pf + pg * pg;
                }

                Group.Barrier();
                for (var o = t; o < rows * EmbeddingLoss.AnchorScalars; o += Group.DimX)
                {
                    var r = o / EmbeddingLoss.AnchorScalars;
                    var j = o % EmbeddingLoss.AnchorScalars;
                    var at0 = (r * SumKinds + j) * MaximalGroup;
                    var sum = 0f;
                    for (var p = 0; p < count; p++)
                        sum += weights[at0 + p];
                    var slot = ((long)(image.FirstAnchor + first0 + r) * blocks + block) * EmbeddingLoss.AnchorScalars + j;
                    anchorPartials[slot] = chunk == block ? sum : anchorPartials[slot] + sum;
                }

                Group.Barrier();
            }

            if (terms.LineLength > 0 && t < count)
            {
                pixels[2 * pixel] = lineOverlap;
                pixels[2 * pixel + 1] = lineSquare;
            }
        }
    }

    /// <summary>One thread per value: adds the groups, of objects and behind them of anchors.</summary>
    public static void AddGroups(
        Index1D i, ArrayView<float> objectPartials, ArrayView<float> anchorPartials, int blocks, int width, ArrayView<float> objects, ArrayView<float> anchors)
    {
        if (i < objects.IntLength)
            objects[i] = GroupSum.OfBlocks(objectPartials, i, blocks, width);
        else
            anchors[i - objects.IntLength] = GroupSum.OfBlocks(anchorPartials, i - objects.IntLength, blocks, EmbeddingLoss.AnchorScalars);
    }

    /// <summary>One thread per line and value.</summary>
    public static void AddLines(Index1D i, ArrayView<float> pixels, int length, ArrayView<float> lines) =>
        lines[i] = GroupSum.Compensated(pixels, (long)(i.X / 2) * length * 2 + i.X % 2, 2, length);

    /// <summary>One thread per image: leaves out the anchors that come after too few pixels are left.</summary>
    public static void DropAnchors(Index1D n, ArrayView<ImageCentres> images, AnchorSums anchors) =>
        images[n] = images[n].WithAnchors(AnchorCover.Used(images[n], anchors.Sums, anchors.Least));
}

/// <summary>What the ILGPU kernel that leaves out anchors reads.</summary>
/// <param name="Sums">Sums of all anchors.</param>
/// <param name="Least">Fewest pixels that have to be left before another anchor is drawn.</param>
internal readonly record struct AnchorSums(ArrayView<float> Sums, int Least);
