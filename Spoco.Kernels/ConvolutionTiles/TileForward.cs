using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Where a tile of a convolution goes, and what follows from it while it is in registers.</summary>
internal struct TileTarget
{
    /// <summary>Result, [N, D', H', W', Cout].</summary>
    public ArrayView<float> Y;

    /// <summary>Added per channel.</summary>
    public ArrayView<float> Bias;

    /// <summary>Moments of every tile of the result, <see cref="PieceMoments"/>.</summary>
    public ArrayView<float> Moments;

    /// <summary>Maxima of windows of the result.</summary>
    public ArrayView<float> Pooled;

    /// <summary>Where in their windows they are.</summary>
    public ArrayView<byte> Places;

    /// <summary>Moments of every tile of the maxima.</summary>
    public ArrayView<float> PooledMoments;

    /// <summary>Extents of the maxima; without voxels where they are not wanted.</summary>
    public TensorShape PooledShape;

    /// <summary>Applied to the sums and the bias.</summary>
    public ActivationFunction Activation;

    /// <summary>Whether there is a bias.</summary>
    public int HasBias;

    /// <summary>Whether the moments of the result are wanted.</summary>
    public int HasMoments;

    /// <summary>Whether the places of the maxima are wanted.</summary>
    public int HasPlaces;

    /// <summary>Whether the moments of the maxima are wanted.</summary>
    public int HasPooledMoments;
}

/// <summary>
/// A convolution as an implicit matrix product, tile by tile: rows are voxels (<see cref="TileBlocks"/>), columns are output channels, terms are positions
/// of the window and input channels, <see cref="TileLayouts.Depth"/> of which go through shared memory at a time. What is read is normalised, joined and
/// enlarged on the way (<see cref="TileSource"/>); what is written gets its bias and activation, and is pooled and summed up while it is in registers.
/// </summary>
internal static class TileForward
{
    /// <summary>The kernel; one group per image, tile and tile of columns.</summary>
    public static void Kernel<TLayout>(TileSource source, ArrayView<float> weight, ConvolutionShape shape, TileBlocks blocks, TileTarget target)
        where TLayout : unmanaged, ITileLayout
    {
        var layout = default(TLayout);
        var sharedRows = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.RowPitch / 4);
        var sharedColumns = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.ColumnPitch / 4);
        var places = SharedMemory.Allocate<BlockPlace>(32);
        var columns = shape.OutputChannels;
        var thread = TilePlace.Of<TLayout>(columns, blocks.Tiles);
        var (tile, image, firstColumn, row, o) = (thread.Tile, thread.Image, thread.FirstColumn, thread.Row, thread.Column);
        var sum = Product<TLayout>(source, weight, shape, blocks, 0, image, tile, firstColumn, sharedRows, sharedColumns, places);
        var place = places[row];
        sum = Finished(sum, target, o, columns);
        Four total = default;
        for (var r = 0; r < TileLayouts.ThreadRows; r++)
        {
            if (!blocks.Has(place, r))
                continue;
            var ofRow = sum.Row(r);
            Store(target.Y, (image * blocks.Image.D * blocks.Image.H * blocks.Image.W + blocks.Voxel(place, r)) * columns, o, columns, ofRow);
            total = total.Plus(ofRow);
        }

        // The moments of this thread's values, and of its maxima; then a thread a column joins those of all.
        var threads = layout.RowThreads * layout.ColumnThreads;
        var mean = Mean(total, blocks.Count(place));
        Four squares = default;
        for (var r = 0; r < TileLayouts.ThreadRows; r++)
        {
            if (blocks.Has(place, r))
                squares = squares.PlusSquares(sum.Row(r).Minus(mean));
        }

        sharedRows[Group.IdxX] = mean;
        sharedRows[threads + Group.IdxX] = squares;
        var pooled = target.PooledShape;
        var (first, second) = (HasWindow(pooled, blocks, place, 0), HasWindow(pooled, blocks, place, 1));
        Four one = default, two = default;
        if (first)
            one = Maximum(sum, 0, blocks.Deep != 0 ? 8 : 4, target, PooledVoxel(pooled, blocks, place, 0, image) * columns, o, columns);
        if (second)
            two = Maximum(sum, 4, 4, target, PooledVoxel(pooled, blocks, place, 1, image) * columns, o, columns);
        mean = Mean(one.Plus(two), Windows(pooled, blocks, place));
        squares = default;
        if (first)
            squares = squares.PlusSquares(one.Minus(mean));
        if (second)
            squares = squares.PlusSquares(two.Minus(mean));
        sharedRows[2 * threads + Group.IdxX] = mean;
        sharedRows[3 * threads + Group.IdxX] = squares;

        // Passed by every group, whatever is wanted: compilers of OpenCL for processors take a barrier inside a condition for proof that all threads go the
        // same way, and then do not see that others around it are not.
        Group.Barrier();
        var c = firstColumn + Group.IdxX;
        if (Group.IdxX >= 4 * layout.ColumnThreads || c >= columns)
            return;
        var values = sharedRows.Cast<float>();
        Moments all = default, ofMaxima = default;
        for (var r = 0; r < layout.RowThreads; r++)
        {
            var at = 4 * r * layout.ColumnThreads + Group.IdxX;
            all = Moments.Merge(all, new Moments(blocks.Count(places[r]), values[at], values[4 * threads + at]));
            ofMaxima = Moments.Merge(
                ofMaxima, new Moments(Windows(pooled, blocks, places[r]), values[8 * threads + at], values[12 * threads + at]));
        }

        var own = (image * blocks.Tiles + tile) * columns + c;
        if (target.HasMoments != 0)
            PieceMoments.Store(target.Moments, own, all);
        if (target.HasPooledMoments != 0)
            PieceMoments.Store(target.PooledMoments, own, ofMaxima);
    }

    /// <summary>
    /// The sums of a tile. Thread (row, column) of a group gets the voxels of the tile's block <c>row</c> and four channels; <paramref name="places"/> holds
    /// the blocks afterwards.
    /// </summary>
    /// <param name="source">What is read.</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="shape">The convolution; of an input gradient the one that computes it, whose input channels are Cout.</param>
    /// <param name="blocks">Blocks of the result.</param>
    /// <param name="transposed">Whether the weight is that of the forward convolution, to be read mirrored and with its channels exchanged.</param>
    /// <param name="image">Image.</param>
    /// <param name="tile">Tile of the image.</param>
    /// <param name="firstColumn">First channel of the tile.</param>
    /// <param name="sharedRows">Shared memory of the terms of the rows.</param>
    /// <param name="sharedColumns">Shared memory of the terms of the columns.</param>
    /// <param name="places">Shared memory of the blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TileProduct Product<TLayout>(
        TileSource source, ArrayView<float> weight, ConvolutionShape shape, TileBlocks blocks, int transposed, int image, int tile, int firstColumn,
        ArrayView<Four> sharedRows, ArrayView<Four> sharedColumns, ArrayView<BlockPlace> places) where TLayout : unmanaged, ITileLayout
    {
        var layout = default(TLayout);
        var threads = layout.ColumnThreads * layout.RowThreads;
        var thread = Group.IdxX;
        if (thread < layout.RowThreads)
            places[thread] = blocks.Place(tile * layout.RowThreads + thread);
        Group.Barrier();

        var rowValues = sharedRows.Cast<float>();
        var columnValues = sharedColumns.Cast<float>();
        var columns = shape.OutputChannels;
        var channels = shape.InputChannels;
        var terms = shape.Terms;
        var (row, column) = (thread / layout.ColumnThreads, thread % layout.ColumnThreads);

        // This thread reads one term of every step, for some blocks: neighbours read neighbouring channels.
        var loadTerm = thread % TileLayouts.Depth;
        var (c, kw, kh, kd) = (loadTerm % channels, loadTerm / channels % shape.KernelW, loadTerm / channels / shape.KernelW % shape.KernelH,
            loadTerm / channels / shape.KernelW / shape.KernelH);
        var (halfD, halfW) = blocks.Deep != 0 ? (1, 0) : (0, 2);
        TileProduct sum = default;
        for (var first = 0; first < terms; first += TileLayouts.Depth)
        {
            // Beyond the last tap: a slice outside the image, which is 0.
            var inside = kd < shape.KernelD;
            var scale = inside ? source.ScaleOf(image, c) : 0f;
            var shift = inside ? source.ShiftOf(image, c) : 0f;
            var (tapD, tapH, tapW) = (inside ? kd - shape.PaddingD : shape.Input.D, kh - shape.PaddingH, kw - shape.PaddingW);
            for (var b = thread / TileLayouts.Depth; b < layout.RowThreads; b += threads / TileLayouts.Depth)
            {
                var place = places[b];
                source.LoadBlock(image, place.D + tapD, place.H + tapH, place.W + tapW, halfD, halfW, c, scale, shift,
                    rowValues, loadTerm * TileLayouts.RowPitch + TileLayouts.ThreadRows * b);
            }

            var tileColumns = 4 * layout.ColumnThreads;
            for (var i = thread; i < TileLayouts.Depth * tileColumns; i += threads)
            {
                var k = transposed != 0 ? i % TileLayouts.Depth : i / tileColumns;
                var n = transposed != 0 ? i / TileLayouts.Depth : i % tileColumns;
                var (term, o) = (first + k, firstColumn + n);
                var value = 0f;
                if ((term < terms) & (o < columns))
                    value = weight[transposed != 0 ? ((shape.Taps - 1 - term / channels) * columns + o) * channels + term % channels : term * columns + o];
                columnValues[k * TileLayouts.ColumnPitch + n] = value;
            }

            Group.Barrier();
            sum = sum.Plus(sharedRows, sharedColumns, row, column);
            Group.Barrier();

            // The next term of this thread; kd runs out of the window after the last one.
            c += TileLayouts.Depth;
            while (c >= channels)
            {
                c -= channels;
                if (++kw == shape.KernelW)
                {
                    kw = 0;
                    if (++kh == shape.KernelH)
                    {
                        kh = 0;
                        kd++;
                    }
                }
            }
        }

        return sum;
    }

    /// <summary>Bias and activation.</summary>
    private static TileProduct Finished(TileProduct sum, TileTarget target, int o, int columns)
    {
        Four bias = default;
        if (target.HasBias != 0)
        {
            bias.X = o < columns ? target.Bias[o] : 0;
            bias.Y = o + 1 < columns ? target.Bias[o + 1] : 0;
            bias.Z = o + 2 < columns ? target.Bias[o + 2] : 0;
            bias.W = o + 3 < columns ? target.Bias[o + 3] : 0;
        }

        sum.R0 = Finished(sum.R0, bias, target.Activation);
        sum.R1 = Finished(sum.R1, bias, target.Activation);
        sum.R2 = Finished(sum.R2, bias, target.Activation);
        sum.R3 = Finished(sum.R3, bias, target.Activation);
        sum.R4 = Finished(sum.R4, bias, target.Activation);
        sum.R5 = Finished(sum.R5, bias, target.Activation);
        sum.R6 = Finished(sum.R6, bias, target.Activation);
        sum.R7 = Finished(sum.R7, bias, target.Activation);
        return sum;
    }

    private static Four Finished(Four values, Four bias, ActivationFunction activation)
    {
        values = values.Plus(bias);
        values.X = activation.Apply(values.X);
        values.Y = activation.Apply(values.Y);
        values.Z = activation.Apply(values.Z);
        values.W = activation.Apply(values.W);
        return values;
    }

    private static Four Mean(Four total, int count)
    {
        count = IntrinsicMath.Max(count, 1);
        total.X /= count;
        total.Y /= count;
        total.Z /= count;
        total.W /= count;
        return total;
    }

    private static void Store(ArrayView<float> y, int at, int o, int columns, Four values)
    {
        if (o < columns)
            y[at + o] = values.X;
        if (o + 1 < columns)
            y[at + o + 1] = values.Y;
        if (o + 2 < columns)
            y[at + o + 2] = values.Z;
        if (o + 3 < columns)
            y[at + o + 3] = values.W;
    }

    /// <summary>Whether a block has a window, and it is whole: one of 2x2x2, or two of 1x2x2.</summary>
    private static bool HasWindow(TensorShape pooled, TileBlocks blocks, BlockPlace place, int window) =>
        window + blocks.Deep < 2 && place.D < blocks.Image.D && (place.D >> blocks.Deep) < pooled.D && place.H / 2 < pooled.H && place.W / 2 + window < pooled.W;

    /// <summary>Windows that a block has.</summary>
    private static int Windows(TensorShape pooled, TileBlocks blocks, BlockPlace place) =>
        (HasWindow(pooled, blocks, place, 0) ? 1 : 0) + (HasWindow(pooled, blocks, place, 1) ? 1 : 0);

    private static int PooledVoxel(TensorShape pooled, TileBlocks blocks, BlockPlace place, int window, int image) =>
        ((image * pooled.D + (place.D >> blocks.Deep)) * pooled.H + place.H / 2) * pooled.W + place.W / 2 + window;

    /// <summary>Of equal values the first counts; NaN is larger than any number.</summary>
    private static Four Maximum(TileProduct sum, int firstRow, int rows, TileTarget target, int at, int o, int columns)
    {
        var maximum = sum.Row(firstRow);
        int x = 0, y = 0, z = 0, w = 0;
        for (var r = 1; r < rows; r++)
        {
            var values = sum.Row(firstRow + r);
            if (values.X > maximum.X || float.IsNaN(values.X))
                (maximum.X, x) = (values.X, r);
            if (values.Y > maximum.Y || float.IsNaN(values.Y))
                (maximum.Y, y) = (values.Y, r);
            if (values.Z > maximum.Z || float.IsNaN(values.Z))
                (maximum.Z, z) = (values.Z, r);
            if (values.W > maximum.W || float.IsNaN(values.W))
                (maximum.W, w) = (values.W, r);
        }

        Store(target.Pooled, at, o, columns, maximum);
        if (target.HasPlaces != 0)
        {
            if (o < columns)
                target.Places[at + o] = (byte)x;
            if (o + 1 < columns)
                target.Places[at + o + 1] = (byte)y;
            if (o + 2 < columns)
                target.Places[at + o + 2] = (byte)z;
            if (o + 3 < columns)
                target.Places[at + o + 3] = (byte)w;
        }

        return maximum;
    }
}
