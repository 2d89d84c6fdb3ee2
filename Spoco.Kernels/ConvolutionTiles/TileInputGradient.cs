using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Where a tile of an input gradient goes: the gradient of the normalised tensors, and its sums, which the norm's own gradient is made of.</summary>
internal struct TileGradientTarget
{
    /// <summary>Of the first tensor, [N, D, H, W, Channels].</summary>
    public ValueView Dx;

    /// <summary>Of the second tensor, summed over the copies of a voxel; or of every copy, see <see cref="SumsCopies"/>.</summary>
    public ValueView Dsmall;

    /// <summary>The tensors themselves.</summary>
    public TileSource Inputs;

    /// <summary>Mean per statistic.</summary>
    public ArrayView<float> Mean;

    /// <summary>Per tile and joined channel, two arrays [N, tiles, Channels + SmallChannels]: sum g, then sum g (x - mean).</summary>
    public ArrayView<float> Sums;

    /// <summary>Groups of channels of the norm.</summary>
    public int Groups;

    /// <summary>Whether statistics are those of the whole batch.</summary>
    public int WholeBatch;

    /// <summary>Whether <see cref="Sums"/> are wanted.</summary>
    public int HasSums;

    /// <summary>Whether the second tensor was enlarged by two, so that a thread has all copies of its voxels.</summary>
    public int SumsCopies;

    /// <summary>Whether four channels are of one tensor and can be stored at once: both have a multiple of four, and addresses of four values.</summary>
    public int Vectors;
}

/// <summary>
/// The input gradient of a convolution, which is itself one: window mirrored, channels exchanged. As <see cref="TileForward"/>; the gradient it reads passes
/// through the activation on the way.
/// </summary>
internal static class TileInputGradient
{
    /// <summary>The kernel; one group per image, tile and tile of columns.</summary>
    public static void Kernel<TLayout>(TileSource gradient, ArrayView<float> weight, ConvolutionShape transposed, TileBlocks blocks, TileGradientTarget target)
        where TLayout : unmanaged, ITileLayout
    {
        var sharedRows = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.RowPitch / 4);
        var sharedColumns = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.ColumnPitch / 4);
        var places = SharedMemory.Allocate<BlockPlace>(32);
        var columns = transposed.OutputChannels;
        var thread = TilePlace.Of<TLayout>(columns, blocks.Tiles);
        var sum = TileForward.Product<TLayout>(
            gradient, weight, transposed, blocks, 1, thread.Image, thread.Tile, thread.FirstColumn, sharedRows, sharedColumns, places);
        Finish<TLayout>(sum, sharedRows, target, blocks, thread, columns, places);
    }

    /// <summary>What follows a tile's sums: storing, and the sums of its columns.</summary>
    /// <param name="sum">The sums of this thread.</param>
    /// <param name="shared">Shared memory of eight values a thread.</param>
    /// <param name="target">Results.</param>
    /// <param name="blocks">Blocks of the input.</param>
    /// <param name="thread">What the thread has.</param>
    /// <param name="columns">Channels of the input.</param>
    /// <param name="places">The blocks of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Finish<TLayout>(
        TileProduct sum, ArrayView<Four> shared, TileGradientTarget target, TileBlocks blocks, TilePlace thread, int columns, ArrayView<BlockPlace> places)
        where TLayout : unmanaged, ITileLayout
    {
        var layout = default(TLayout);
        var (tile, image, firstColumn, c) = (thread.Tile, thread.Image, thread.FirstColumn, thread.Column);
        var place = places[thread.Row];
        Four sums, products;
        if (layout.StoresVectors && target.Vectors != 0)
        {
            var four = FourColumns(target, blocks, place, sum, image, c, columns);
            (sums, products) = (four.Sum, four.Product);
        }
        else
        {
            var x = Column(target, blocks, place, sum, image, c, 0, columns);
            var y = Column(target, blocks, place, sum, image, c, 1, columns);
            var z = Column(target, blocks, place, sum, image, c, 2, columns);
            var w = Column(target, blocks, place, sum, image, c, 3, columns);
            (sums.X, sums.Y, sums.Z, sums.W) = (x.Sum, y.Sum, z.Sum, w.Sum);
            (products.X, products.Y, products.Z, products.W) = (x.Product, y.Product, z.Product, w.Product);
        }

        shared[Group.IdxX] = sums;
        shared[layout.RowThreads * layout.ColumnThreads + Group.IdxX] = products;
        Group.Barrier();
        var own = firstColumn + Group.IdxX;
        if (target.HasSums == 0 || Group.IdxX >= 4 * layout.ColumnThreads || own >= columns)
            return;
        var values = shared.Cast<float>();
        float total = 0, product = 0;
        for (var r = 0; r < layout.RowThreads; r++)
        {
            total += values[4 * r * layout.ColumnThreads + Group.IdxX];
            product += values[4 * (layout.RowThreads + r) * layout.ColumnThreads + Group.IdxX];
        }

        var at = (image * blocks.Tiles + tile) * columns + own;
        target.Sums[at] = total;
        target.Sums[target.Sums.IntLength / 2 + at] = product;
    }

    /// <summary>Writes one column of a thread's block; its sums.</summary>
    private static ChannelSums Column(TileGradientTarget target, TileBlocks blocks, BlockPlace place, TileProduct sum, int image, int first, int j, int columns)
    {
        var c = first + j;
        if (c >= columns)
            return new ChannelSums(0, 0);
        var inputs = target.Inputs;
        var mean = target.HasSums != 0 ? MeanOf(target, image, c) : 0f;
        var isSmall = c >= inputs.Shape.C;
        float total = 0, product = 0, copies = 0;
        for (var r = 0; r < TileLayouts.ThreadRows; r++)
        {
            if (!blocks.Has(place, r))
                continue;
            var g = sum.Row(r).At(j);
            var (d, h, w) = (place.D + blocks.OfD(r), place.H + TileBlocks.OfH(r), place.W + blocks.OfW(r));
            if (isSmall && target.SumsCopies != 0)
            {
                copies += g;
                if (r % 4 != 3 || (blocks.Deep != 0 && r != 7))
                    continue;

                // The last copy of a voxel.
                g = copies;
                copies = 0;
            }

            if (!isSmall)
                target.Dx.Set((((image * inputs.Shape.D + d) * inputs.Shape.H + h) * inputs.Shape.W + w) * inputs.Shape.C + c, g);
            else if (target.SumsCopies != 0)
                target.Dsmall.Set(SmallVoxel(inputs, blocks, image, d, h, w) * inputs.SmallShape.C + c - inputs.Shape.C, g);
            else
                target.Dsmall.Set((((image * inputs.Shape.D + d) * inputs.Shape.H + h) * inputs.Shape.W + w) * inputs.SmallShape.C + c - inputs.Shape.C, g);
            if (target.HasSums == 0)
                continue;
            total += g;
            product += g * (inputs.Raw(image, d, h, w, c) - mean);
        }

        return new ChannelSums(total, product);
    }

    /// <summary>Writes four columns of a thread's block at once; their sums.</summary>
    private static FourSums FourColumns(TileGradientTarget target, TileBlocks blocks, BlockPlace place, TileProduct sum, int image, int c, int columns)
    {
        FourSums sums = default;
        if (c >= columns)
            return sums;
        var inputs = target.Inputs;
        Four mean = default;
        if (target.HasSums != 0)
        {
            mean.X = MeanOf(target, image, c);
            mean.Y = MeanOf(target, image, c + 1);
            mean.Z = MeanOf(target, image, c + 2);
            mean.W = MeanOf(target, image, c + 3);
        }

        var isSmall = c >= inputs.Shape.C;
        Four copies = default;
        for (var r = 0; r < TileLayouts.ThreadRows; r++)
        {
            if (!blocks.Has(place, r))
                continue;
            var g = sum.Row(r);
            var (d, h, w) = (place.D + blocks.OfD(r), place.H + TileBlocks.OfH(r), place.W + blocks.OfW(r));
            if (isSmall && target.SumsCopies != 0)
            {
                copies = copies.Plus(g);
                if (r % 4 != 3 || (blocks.Deep != 0 && r != 7))
                    continue;

                // The last copy of a voxel.
                g = copies;
                copies = default;
            }

            var voxel = inputs.Voxel(image, d, h, w);
            if (!isSmall)
                target.Dx.SetFour((voxel * inputs.Shape.C + c) / 4, g);
            else
                target.Dsmall.SetFour(((target.SumsCopies != 0 ? SmallVoxel(inputs, blocks, image, d, h, w) : voxel) * inputs.SmallShape.C + c - inputs.Shape.C) / 4, g);
            if (target.HasSums == 0)
                continue;
            var x = isSmall ? inputs.Small.FourAt((inputs.SmallVoxel(image, d, h, w) * inputs.SmallShape.C + c - inputs.Shape.C) / 4)
                : inputs.Values.FourAt((voxel * inputs.Shape.C + c) / 4);
            sums.Sum = sums.Sum.Plus(g);
            sums.Product = sums.Product.Plus(g, x.Minus(mean));
        }

        return sums;
    }

    private static float MeanOf(TileGradientTarget target, int image, int c) =>
        target.Mean[(target.WholeBatch != 0 ? 0 : image * target.Groups) + c / (target.Inputs.Channels / target.Groups)];

    private static int SmallVoxel(TileSource inputs, TileBlocks blocks, int image, int d, int h, int w) =>
        ((image * inputs.SmallShape.D + (d >> blocks.Deep)) * inputs.SmallShape.H + h / 2) * inputs.SmallShape.W + w / 2;

    /// <summary>Sums of four columns, as <see cref="ChannelSums"/>.</summary>
    private struct FourSums
    {
        public Four Sum;
        public Four Product;
    }
}
