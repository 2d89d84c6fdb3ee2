using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The first pass on ILGPU devices. A group works through chunks of as many pixels as it has threads. A thread has the embeddings of a pixel in registers and leaves its weights for a few centres in
/// shared memory; then the group sums over the pixels (<see cref="WeightedSums"/>). A group keeps its sums in its own part of a buffer, and a last kernel adds the groups.
/// </summary>
internal static class EmbeddingSumsKernels
{
    /// <summary>Sums of the chunks of every group.</summary>
    public static void Sum<TBlocks>(
        EmbeddingLossViews v, int groups, int width, ArrayView<float> objectPartials, ArrayView<float> anchorPartials, ArrayView<float> pixels)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var weights = SharedMemory.Allocate1D<Four>(WeightedSums.Rows * WeightedSums.Pitch);
        var sums = SharedMemory.Allocate1D<Four>(WeightedSums.Kinds * GroupSum.MaximalSize);
        var layout = v.Layout;
        var channels = layout.Channels;
        var terms = v.Terms;
        var n = Grid.IdxX / groups;
        var group = Grid.IdxX % groups;
        var image = v.Images[n];
        var t = Group.IdxX;
        var hasVectors = width > EmbeddingLoss.ObjectScalars;
        for (var chunk = group; (long)chunk * Group.DimX < layout.Pixels; chunk += groups)
        {
            var first = chunk * Group.DimX;
            var count = XMath.Min(Group.DimX, layout.Pixels - first);
            var pixel = (long)n * layout.Pixels + first + t;
            var at = pixel * layout.PixelStride + layout.ChannelOffset;
            var isFirst = chunk == group ? 1 : 0;
            var together = new PixelChunk(v.Embeddings, layout, (long)n * layout.Pixels + first, count);
            var owner = -2;
            var e = default(EmbeddingBlock);
            if (t < count)
            {
                owner = v.Owners[pixel];
                e = default(TBlocks).Pixel(v.Embeddings, at, channels, layout.IsAligned);
            }

            for (var first0 = 0; first0 < image.Objects; first0 += WeightedSums.Rows)
            {
                var rows = XMath.Min(WeightedSums.Rows, image.Objects - first0);
                var row0 = image.FirstObject + first0;
                for (var r = 0; r < rows && t < count; r++)
                {
                    var square = BlockDistance.ToCentre<TBlocks>(e, v.Embeddings, at, layout.IsAligned, v.Means, (long)(row0 + r) * channels, channels);
                    var o = ObjectPixel.Of(v, image, first0 + r, owner, square);
                    Four w;
                    w.X = o.FixedWeight;
                    w.Y = terms.Instance == MaskLoss.CrossEntropy ? SoftMask.CrossEntropy(o.X, o.Mask, o.IsOwn ? 1f : 0f, o.IsOwn ? 0f : 1f) : o.IsOwn ? o.Mask : 0f;
                    w.Z = o.Mask * o.Mask;

                    // A pixel is pulled or pushed, never both: the sign tells which.
                    w.W = o.Pull * o.Pull - o.Push * o.Push;
                    weights[r * WeightedSums.Pitch + t] = w;
                }

                Group.Barrier();
                var target = new RowTarget(objectPartials, row0, groups, group, width, isFirst);
                WeightedSums.AddScalars(weights, sums, rows, count, 0, EmbeddingLoss.ObjectScalars, target);
                WeightedSums.AddVectors<TBlocks>(weights, sums, hasVectors ? rows : 0, together, v.Means, (long)row0 * channels, target);
            }

            var momentumAt = pixel * v.MomentumLayout.PixelStride + v.MomentumLayout.ChannelOffset;
            var g = default(EmbeddingBlock);
            if (t < count && image.Anchors > 0)
                g = default(TBlocks).Pixel(v.Momentum, momentumAt, channels, v.MomentumLayout.IsAligned);
            var uncovered = owner == image.UnlabelledOwner;
            var lineOverlap = 0f;
            var lineSquare = 0f;
            for (var first0 = 0; first0 < image.Anchors; first0 += WeightedSums.Rows)
            {
                var rows = XMath.Min(WeightedSums.Rows, image.Anchors - first0);
                var row0 = image.FirstAnchor + first0;
                for (var r = 0; r < rows && t < count; r++)
                {
                    var row = (long)(row0 + r) * channels;
                    var xf = BlockDistance.ToCentre<TBlocks>(e, v.Embeddings, at, layout.IsAligned, v.Anchors, row, channels);
                    var xg = BlockDistance.ToCentre<TBlocks>(g, v.Momentum, momentumAt, v.MomentumLayout.IsAligned, v.MomentumAnchors, row, channels);
                    var covered = XMath.Sqrt(XMath.Min(xf, xg)) < terms.PullMargin;
                    xf *= terms.Falloff;
                    xg *= terms.Falloff;
                    var pf = XMath.Exp(-xf);
                    var pg = XMath.Exp(-xg);

                    // The scalars of an anchor begin with the third one of an object.
                    Four w;
                    w.X = 0f;
                    w.Y = terms.Consistency == MaskLoss.CrossEntropy ? SoftMask.CrossEntropy(xf, pf, pg, SoftMask.Complement(xg, pg)) : pf * pg;
                    w.Z = pf * pf + pg * pg;
                    w.W = covered && uncovered ? 1f : 0f;
                    weights[r * WeightedSums.Pitch + t] = w;
                    uncovered &= !covered;
                    lineOverlap += w.Y;
                    lineSquare += w.Z;
                }

                Group.Barrier();
                WeightedSums.AddScalars(
                    weights, sums, rows, count, 2, EmbeddingLoss.AnchorScalars, new RowTarget(anchorPartials, row0, groups, group, EmbeddingLoss.AnchorScalars, isFirst));
            }

            if (terms.LineLength > 0 && t < count)
            {
                pixels[2 * pixel] = lineOverlap;
                pixels[2 * pixel + 1] = lineSquare;
            }
        }
    }

    /// <summary>Adds the groups: values side by side, and for each some threads, of which each adds every n-th group. First come the values of objects, then those of anchors.</summary>
    public static void AddGroups(
        ArrayView<float> objectPartials, ArrayView<float> anchorPartials, int groups, int width, ArrayView<float> objects, ArrayView<float> anchors)
    {
        var lanes = AddedTogether(Group.DimX);
        var parts = Group.DimX / lanes;
        var part = Group.IdxX / lanes;
        var i = Grid.IdxX * lanes + Group.IdxX % lanes;
        var sum = 0f;
        if (part < parts && i < objects.IntLength)
            sum = GroupSum.OfBlocks(objectPartials, i, groups, width, part, parts);
        else if (part < parts && i < objects.IntLength + anchors.IntLength)
            sum = GroupSum.OfBlocks(anchorPartials, i - objects.IntLength, groups, EmbeddingLoss.AnchorScalars, part, parts);
        sum = GroupReduction.ToFirstLane(sum, part, parts, lanes, default(NumberSum));
        if (part == 0 && i < objects.IntLength)
            objects[i] = sum;
        else if (part == 0 && i < objects.IntLength + anchors.IntLength)
            anchors[i - objects.IntLength] = sum;
    }

    /// <summary>Values that a group of <paramref name="threads"/> adds at once.</summary>
    public static int AddedTogether(int threads) => XMath.Min(threads, 16);

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
