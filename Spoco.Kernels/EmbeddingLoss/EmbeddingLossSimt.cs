using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What the ILGPU kernels of the embedding loss read.</summary>
/// <param name="Terms">Margins and switches.</param>
/// <param name="Layout">Layout of <paramref name="Embeddings"/>.</param>
/// <param name="MomentumLayout">Layout of <paramref name="Momentum"/>.</param>
/// <param name="Embeddings">e^f.</param>
/// <param name="Momentum">e^g.</param>
/// <param name="Owners">Owner of every pixel.</param>
/// <param name="Images">Centres of every image.</param>
/// <param name="Objects">Centres of the objects.</param>
/// <param name="ObjectFactors">Their factors.</param>
/// <param name="Anchors">Anchors in e^f.</param>
/// <param name="MomentumAnchors">Anchors in e^g.</param>
/// <param name="AnchorFactors">Their factors.</param>
public readonly record struct EmbeddingLossViews(
    EmbeddingLossTerms Terms, EmbeddingLayout Layout, EmbeddingLayout MomentumLayout, ArrayView<float> Embeddings, ArrayView<float> Momentum,
    ArrayView<int> Owners, ArrayView<ImageCentres> Images, ArrayView<float> Objects, ArrayView<CentreFactors> ObjectFactors,
    ArrayView<float> Anchors, ArrayView<float> MomentumAnchors, ArrayView<CentreFactors> AnchorFactors);

/// <summary>
/// The passes on ILGPU devices. A group works through chunks of as many pixels as it has threads, a few centres at a time, in two phases: first
/// a thread owns a pixel and leaves the weights of that pixel in shared memory, then a thread owns a component (of a sum, or of the gradient) and
/// reads the embeddings of the chunk along the channels, that is, coalesced. A group keeps its sums in its own part of a buffer, and a last
/// kernel adds the groups in their order.
/// </summary>
internal static class EmbeddingLossSimt
{
    /// <summary>Longest chunk.</summary>
    private const int MaximalGroup = GroupSum.MaximalSize;

    /// <summary>Centres whose sums are computed together, and weights of each (16 KiB of shared memory).</summary>
    private const int SumRows = 4;
    private const int SumKinds = 4;

    /// <summary>Centres whose gradient is computed together (8 KiB).</summary>
    private const int GradientRows = 8;

    /// <summary>Groups per image: enough to fill a large GPU with one image, few enough to keep the sums of the groups small.</summary>
    private const int MaximalBlocks = 256;

    public static void ClusterSums(
        IlgpuDevice gpu, EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> sums)
    {
        var partials = gpu.Allocate<float>((long)segments.Chunks * layout.Channels, nameof(ClusterSums));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLayout, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>>(ChunkSums))(
            (segments.Chunks, GroupSum.Size(gpu)), layout, embeddings.View, segments.Order.View, segments.ChunkStarts.View, partials.View);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<int>, int, ArrayView<float>>(AddChunks))(
            IlgpuDevice.Extent(sums.Length, nameof(ClusterSums)), partials.View, segments.ClusterChunks.View, layout.Channels, sums.View);
    }

    public static void Sums(
        IlgpuDevice gpu, EmbeddingLossInputs inputs, bool gradient, DeviceBuffer<float> objects, DeviceBuffer<float> anchors,
        DeviceBuffer<float> lines)
    {
        var layout = inputs.Layout;
        var group = GroupSum.Size(gpu);
        var blocks = Blocks(layout, group);
        var byPixel = inputs.Terms.LineLength > 0 ? 2 * layout.Count : 0;
        using var holdings = new Holdings();
        var objectPartials = holdings.Allocate<float>(gpu, objects.Length * blocks, nameof(EmbeddingLoss));
        var anchorPartials = holdings.Allocate<float>(gpu, anchors.Length * blocks, nameof(EmbeddingLoss));
        var pixels = holdings.Allocate<float>(gpu, byPixel, nameof(EmbeddingLoss));
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(SumsKernel))(
            (layout.Images * blocks, group), Views(inputs), blocks, EmbeddingLoss.ObjectWidth(layout.Channels, gradient),
            objectPartials.View, anchorPartials.View, pixels.View);
        GroupSum.AddBlocks(gpu, objectPartials, blocks, EmbeddingLoss.ObjectWidth(layout.Channels, gradient), objects);
        GroupSum.AddBlocks(gpu, anchorPartials, blocks, EmbeddingLoss.AnchorScalars, anchors);
        if (byPixel > 0)
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int, ArrayView<float>>(AddLines))(
                IlgpuDevice.Extent(lines.Length, nameof(EmbeddingLoss)), pixels.View, inputs.Terms.LineLength, lines.View);
    }

    public static void Gradient(IlgpuDevice gpu, EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        var layout = inputs.Layout;
        var group = GroupSum.Size(gpu);
        var blocks = Blocks(layout, group);
        using var holdings = new Holdings();
        var partials = holdings.Allocate<float>(gpu, inputs.Anchors.Length * blocks, nameof(EmbeddingLoss));
        var sums = holdings.Allocate<float>(gpu, inputs.Anchors.Length, nameof(EmbeddingLoss));
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLossViews, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
            GradientKernel))((layout.Images * blocks, group), Views(inputs), blocks, inputs.LineFactors.View, shift.View, gradient.View,
            partials.View);
        if (inputs.Centres.AnchorPixels.Length == 0)
            return;
        GroupSum.AddBlocks(gpu, partials, blocks, layout.Channels, sums);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, EmbeddingLayout, ArrayView<ImageCentres>, ArrayView<int>, ArrayView<float>, ArrayView<float>>(SubtractAnchors))(
            layout.Images * layout.Channels, layout, inputs.Centres.Images.View, inputs.Centres.AnchorPixels.View, sums.View, gradient.View);
    }

    /// <summary>One thread per value.</summary>
    public static void Gather(Index1D i, EmbeddingLayout layout, ArrayView<float> embeddings, ArrayView<int> pixels, ArrayView<float> values) =>
        values[i] = embeddings[(long)pixels[i / layout.Channels] * layout.PixelStride + layout.ChannelOffset + i % layout.Channels];

    /// <summary>One group per chunk; threads side by side take the channels of one pixel, groups of threads every n-th pixel.</summary>
    private static void ChunkSums(EmbeddingLayout layout, ArrayView<float> embeddings, ArrayView<int> order, ArrayView<int> starts,
        ArrayView<float> partials)
    {
        var lanes = XMath.Min(layout.Channels, Group.DimX);
        var parts = Group.DimX / lanes;
        var lane = Group.IdxX % lanes;
        var part = Group.IdxX / lanes;
        var until = starts[Grid.IdxX + 1];
        for (var first = 0; first < layout.Channels; first += lanes)
        {
            var c = first + lane;
            var sum = 0f;
            if (part < parts && c < layout.Channels)
            {
                for (var i = starts[Grid.IdxX] + part; i < until; i += parts)
                    sum += embeddings[(long)order[i] * layout.PixelStride + layout.ChannelOffset + c];
            }

            sum = GroupReduction.ToFirstLane(sum, part, parts, lanes, default(NumberSum));
            if (part == 0 && c < layout.Channels)
                partials[(long)Grid.IdxX * layout.Channels + c] = sum;
            Group.Barrier();
        }
    }

    /// <summary>One thread per component of a cluster's sum.</summary>
    private static void AddChunks(Index1D i, ArrayView<float> partials, ArrayView<int> clusterChunks, int channels, ArrayView<float> sums)
    {
        var cluster = i.X / channels;
        var first = clusterChunks[cluster];
        sums[i] = GroupSum.Compensated(partials, (long)first * channels + i.X % channels, channels, clusterChunks[cluster + 1] - first);
    }

    /// <summary>One thread per line and value.</summary>
    private static void AddLines(Index1D i, ArrayView<float> pixels, int length, ArrayView<float> lines) =>
        lines[i] = GroupSum.Compensated(pixels, (long)(i.X / 2) * length * 2 + i.X % 2, 2, length);

    /// <summary>One thread per image and channel goes through the image's anchors: two anchors on one pixel do not collide.</summary>
    private static void SubtractAnchors(
        Index1D i, EmbeddingLayout layout, ArrayView<ImageCentres> images, ArrayView<int> pixels, ArrayView<float> sums, ArrayView<float> gradient)
    {
        var c = i % layout.Channels;
        var image = images[i / layout.Channels];
        for (var a = image.FirstAnchor; a < image.FirstAnchor + image.Anchors; a++)
            gradient[(long)pixels[a] * layout.PixelStride + layout.ChannelOffset + c] -= sums[(long)a * layout.Channels + c];
    }

    private static void SumsKernel(
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
                    var row = image.FirstObject + first0 + r;
                    var own = owner - image.FirstOwner == first0 + r;
                    var free = owner == image.UnlabelledOwner && terms.UnlabelledPush != 0;
                    var x = SquaredDistance(v.Embeddings, at, v.Objects, (long)row * layout.Channels, layout.Channels);
                    var d = XMath.Sqrt(x);
                    x *= terms.Falloff;
                    var p = XMath.Exp(-x);
                    var factors = v.ObjectFactors[row];
                    var pull = own ? XMath.Max(d - terms.PullMargin, 0f) : 0f;
                    var push = free && !own ? XMath.Max(terms.PushMargin - d, 0f) : 0f;
                    var fixedWeight = d > 0 ? (factors.Pull * pull + factors.UnlabelledPush * push) / d : 0f;
                    var overlap = own ? p : 0f;
                    if (terms.Instance == MaskLoss.CrossEntropy)
                    {
                        fixedWeight += factors.CrossEntropy * SoftMask.CrossEntropySlope(x, p, own ? SoftMask.Complement(x, p) : -p);
                        overlap = SoftMask.CrossEntropy(x, p, own ? 1f : 0f, own ? 0f : 1f);
                    }

                    var w = weights.SubView(r * SumKinds * MaximalGroup, SumKinds * MaximalGroup);
                    w[t] = fixedWeight;
                    w[MaximalGroup + t] = overlap;
                    w[2 * MaximalGroup + t] = p * p;

                    // A pixel is pulled or pushed, never both: the sign tells which.
                    w[3 * MaximalGroup + t] = pull * pull - push * push;
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
                        var centre = v.Objects[(long)row * layout.Channels + c];
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
                    var xf = SquaredDistance(v.Embeddings, at, v.Anchors, row, layout.Channels);
                    var xg = SquaredDistance(v.Momentum, momentumAt, v.MomentumAnchors, row, layout.Channels);
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

    private static void GradientKernel(
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
                    var row = image.FirstObject + first0 + r;
                    var own = owner - image.FirstOwner == first0 + r;
                    var free = owner == image.UnlabelledOwner && terms.UnlabelledPush != 0;
                    var x = SquaredDistance(v.Embeddings, at, v.Objects, (long)row * layout.Channels, layout.Channels);
                    var d = XMath.Sqrt(x);
                    x *= terms.Falloff;
                    var factors = v.ObjectFactors[row];
                    var pull = own ? XMath.Max(d - terms.PullMargin, 0f) : 0f;
                    var push = free && !own ? XMath.Max(terms.PushMargin - d, 0f) : 0f;
                    var w = d > 0 ? (factors.Pull * pull + factors.UnlabelledPush * push) / d : 0f;
                    if (terms.Instance != MaskLoss.None)
                    {
                        var p = XMath.Exp(-x);
                        w += terms.Instance == MaskLoss.CrossEntropy
                            ? factors.CrossEntropy * SoftMask.CrossEntropySlope(x, p, own ? SoftMask.Complement(x, p) : -p)
                            : p * ((own ? factors.Overlap : 0f) + factors.Square * p);
                    }

                    weights[r * MaximalGroup + t] = w;
                }

                Group.Barrier();
                AddToGradient(v.Embeddings, v.Objects, (long)(image.FirstObject + first0) * layout.Channels, layout, firstPixel, count, rows, weights,
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
                    var x = terms.Falloff * SquaredDistance(v.Embeddings, at, v.Anchors, row, layout.Channels);
                    var y = terms.Falloff * SquaredDistance(v.Momentum, momentumAt, v.MomentumAnchors, row, layout.Channels);
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

    private static float SquaredDistance(ArrayView<float> embeddings, long at, ArrayView<float> centres, long row, int channels)
    {
        var sum = 0f;
        for (var c = 0; c < channels; c++)
        {
            var difference = embeddings[at + c] - centres[row + c];
            sum += difference * difference;
        }

        return sum;
    }

    private static int Blocks(EmbeddingLayout layout, int group) => Math.Min((layout.Pixels - 1) / group + 1, MaximalBlocks);

    private static EmbeddingLossViews Views(EmbeddingLossInputs i) => new(
        i.Terms, i.Layout, i.MomentumLayout, i.Embeddings.View, i.MomentumEmbeddings.View, i.Centres.Segments.Owners.View, i.Centres.Images.View, i.Objects.View,
        i.ObjectFactors.View, i.Anchors.View, i.MomentumAnchors.View, i.AnchorFactors.View);
}
