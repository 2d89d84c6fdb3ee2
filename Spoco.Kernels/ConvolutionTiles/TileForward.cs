using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Where a tile of a convolution goes, and what follows from it while it is in registers.</summary>
internal struct TileTarget
{
    /// <summary>Result, [N, D', H', W', Cout].</summary>
    public ValueView Y;

    /// <summary>Added per channel.</summary>
    public ArrayView<float> Bias;

    /// <summary>Moments of every tile of the result, <see cref="PieceMoments"/>.</summary>
    public ArrayView<float> Moments;

    /// <summary>Maxima of windows of the result.</summary>
    public ValueView Pooled;

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

    /// <summary>Whether four channels of the result can be stored at once: they are a multiple of four, and addresses of four values.</summary>
    public int Vectors;
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
        var sharedRows = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.RowPitch / 4);
        var sharedColumns = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.ColumnPitch / 4);
        var places = SharedMemory.Allocate<BlockPlace>(32);
        var columns = shape.OutputChannels;
        var thread = TilePlace.Of<TLayout>(columns, blocks.Tiles);
        var sum = Product<TLayout>(source, weight, shape, blocks, 0, thread.Image, thread.Tile, thread.FirstColumn, sharedRows, sharedColumns, places);
        Finish<TLayout>(sum, sharedRows.Cast<float>(), target, blocks, thread, columns, places);
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
            places[thread] = blocks.Place(tile, thread, layout.RowThreads);
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
            sum = sum.Plus(sharedRows, sharedColumns, row, column, TileLayouts.Depth);
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

    /// <summary>What follows a tile's sums: bias, activation, storing, moments and maxima.</summary>
    /// <param name="sum">The sums of this thread.</param>
    /// <param name="own">Shared memory of sixteen values a thread.</param>
    /// <param name="target">Results.</param>
    /// <param name="blocks">Blocks of the result.</param>
    /// <param name="thread">What the thread has.</param>
    /// <param name="columns">Channels of the result.</param>
    /// <param name="places">The blocks of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Finish<TLayout>(
        TileProduct sum, ArrayView<float> own, TileTarget target, TileBlocks blocks, TilePlace thread, int columns, ArrayView<BlockPlace> places)
        where TLayout : unmanaged, ITileLayout
    {
        var layout = default(TLayout);
        var (tile, image, firstColumn, o) = (thread.Tile, thread.Image, thread.FirstColumn, thread.Column);
        var place = places[thread.Row];
        var bias = BiasOf(target, o, columns);

        // Four rows at a time through shared memory, where a thread has places of its own: there a row has a number, and the sums above are used once.
        var threads = layout.RowThreads * layout.ColumnThreads;
        Put(own, threads, 0, sum.R0);
        Put(own, threads, 1, sum.R1);
        Put(own, threads, 2, sum.R2);
        Put(own, threads, 3, sum.R3);
        var moments = Store<TLayout>(own, threads, target, blocks, place, 0, image, o, columns, bias);
        var pooled = target.PooledShape;
        Maxima maxima = default, others = default;
        if (pooled.D > 0)
            maxima = MaximaOf(own, threads);
        Put(own, threads, 0, sum.R4);
        Put(own, threads, 1, sum.R5);
        Put(own, threads, 2, sum.R6);
        Put(own, threads, 3, sum.R7);
        moments = moments.With(Store<TLayout>(own, threads, target, blocks, place, TileLayouts.ThreadRows / 2, image, o, columns, bias));
        if (pooled.D > 0)
        {
            others = MaximaOf(own, threads);
            if (blocks.Deep != 0)
                maxima = maxima.With(others, TileLayouts.ThreadRows / 2);
        }

        // The moments of this thread's values, and of its maxima; then a thread a column joins those of all.
        Put(own, threads, 0, moments.Mean);
        Put(own, threads, 1, moments.Squares);
        RowMoments ofWindows = default;
        if (HasWindow(pooled, blocks, place, 0))
            ofWindows = RowMoments.Of(StoreMaxima<TLayout>(target, maxima, PooledVoxel(pooled, blocks, place, 0, image) * columns, o, columns));
        if (HasWindow(pooled, blocks, place, 1))
            ofWindows = ofWindows.With(RowMoments.Of(StoreMaxima<TLayout>(target, others, PooledVoxel(pooled, blocks, place, 1, image) * columns, o, columns)));
        Put(own, threads, 2, ofWindows.Mean);
        Put(own, threads, 3, ofWindows.Squares);

        // Passed by every group, whatever is wanted: compilers of OpenCL for processors take a barrier inside a condition for proof that all threads go the
        // same way, and then do not see that others around it are not.
        Group.Barrier();
        var c = firstColumn + Group.IdxX;
        if (Group.IdxX >= 4 * layout.ColumnThreads || c >= columns)
            return;
        Moments all = default, ofMaxima = default;
        for (var r = 0; r < layout.RowThreads; r++)
        {
            var at = Group.IdxX % 4 * threads + r * layout.ColumnThreads + Group.IdxX / 4;
            if (target.HasMoments != 0)
                all = Moments.Merge(all, new Moments(blocks.Count(places[r]), own[at], own[4 * threads + at]));
            if (target.HasPooledMoments != 0)
                ofMaxima = Moments.Merge(ofMaxima, new Moments(Windows(pooled, blocks, places[r]), own[8 * threads + at], own[12 * threads + at]));
        }

        var piece = (image * blocks.Tiles + tile) * columns + c;
        if (target.HasMoments != 0)
            PieceMoments.Store(target.Moments, piece, all);
        if (target.HasPooledMoments != 0)
            PieceMoments.Store(target.PooledMoments, piece, ofMaxima);
    }

    /// <summary>Bias of four columns, 0 beyond the last one.</summary>
    private static Four BiasOf(TileTarget target, int o, int columns)
    {
        Four bias = default;
        if (target.HasBias != 0)
        {
            bias.X = o < columns ? target.Bias[o] : 0;
            bias.Y = o + 1 < columns ? target.Bias[o + 1] : 0;
            bias.Z = o + 2 < columns ? target.Bias[o + 2] : 0;
            bias.W = o + 3 < columns ? target.Bias[o + 3] : 0;
        }

        return bias;
    }

    /// <summary>
    /// Puts a row of four columns into a place of this thread. Component by component: neighbouring threads write neighbouring addresses, and compilers of
    /// OpenCL for processors, which look for such runs first, do not cut the product's vectors down to four.
    /// </summary>
    private static void Put(ArrayView<float> own, int threads, int place, Four row)
    {
        own[4 * place * threads + Group.IdxX] = row.X;
        own[(4 * place + 1) * threads + Group.IdxX] = row.Y;
        own[(4 * place + 2) * threads + Group.IdxX] = row.Z;
        own[(4 * place + 3) * threads + Group.IdxX] = row.W;
    }

    /// <summary>The row in a place of this thread.</summary>
    private static Four Get(ArrayView<float> own, int threads, int place)
    {
        Four row;
        row.X = own[4 * place * threads + Group.IdxX];
        row.Y = own[(4 * place + 1) * threads + Group.IdxX];
        row.Z = own[(4 * place + 2) * threads + Group.IdxX];
        row.W = own[(4 * place + 3) * threads + Group.IdxX];
        return row;
    }

    /// <summary>Bias, activation and storing of the four rows in a thread's places, which hold the results afterwards; their moments.</summary>
    private static RowMoments Store<TLayout>(
        ArrayView<float> own, int threads, TileTarget target, TileBlocks blocks, BlockPlace place, int firstRow, int image, int o, int columns, Four bias)
        where TLayout : unmanaged, ITileLayout
    {
        var count = 0;
        Four total = default;
        for (var r = 0; r < TileLayouts.ThreadRows / 2; r++)
        {
            var values = Get(own, threads, r).Plus(bias);
            values.X = target.Activation.Apply(values.X);
            values.Y = target.Activation.Apply(values.Y);
            values.Z = target.Activation.Apply(values.Z);
            values.W = target.Activation.Apply(values.W);
            values = target.Y.Rounded(values);
            Put(own, threads, r, values);
            if (!blocks.Has(place, firstRow + r))
                continue;
            Store<TLayout>(target, target.Y, (image * blocks.Image.D * blocks.Image.H * blocks.Image.W + blocks.Voxel(place, firstRow + r)) * columns, o, columns, values);
            total = total.Plus(values);
            count++;
        }

        RowMoments moments;
        moments.Count = count;
        moments.Mean = Mean(total, count);
        moments.Squares = default;
        for (var r = 0; r < TileLayouts.ThreadRows / 2; r++)
        {
            if (blocks.Has(place, firstRow + r))
                moments.Squares = moments.Squares.PlusSquares(Get(own, threads, r).Minus(moments.Mean));
        }

        return moments;
    }

    /// <summary>The maxima of the four rows in a thread's places.</summary>
    private static Maxima MaximaOf(ArrayView<float> own, int threads)
    {
        Maxima maxima = default;
        maxima.Values = Get(own, threads, 0);
        for (var r = 1; r < TileLayouts.ThreadRows / 2; r++)
        {
            Maxima other;
            other.Values = Get(own, threads, r);
            (other.X, other.Y, other.Z, other.W) = (0, 0, 0, 0);
            maxima = maxima.With(other, r);
        }

        return maxima;
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

    private static void Store<TLayout>(TileTarget target, ValueView y, int at, int o, int columns, Four values) where TLayout : unmanaged, ITileLayout
    {
        if (default(TLayout).StoresVectors && target.Vectors != 0)
        {
            if (o < columns)
                y.SetFour((at + o) / 4, values);
            return;
        }

        if (o < columns)
            y.Set(at + o, values.X);
        if (o + 1 < columns)
            y.Set(at + o + 1, values.Y);
        if (o + 2 < columns)
            y.Set(at + o + 2, values.Z);
        if (o + 3 < columns)
            y.Set(at + o + 3, values.W);
    }

    /// <summary>Whether a block has a window, and it is whole: one of 2x2x2, or two of 1x2x2.</summary>
    private static bool HasWindow(TensorShape pooled, TileBlocks blocks, BlockPlace place, int window) =>
        window + blocks.Deep < 2 && place.D < blocks.Image.D && (place.D >> blocks.Deep) < pooled.D && place.H / 2 < pooled.H && place.W / 2 + window < pooled.W;

    /// <summary>Windows that a block has.</summary>
    private static int Windows(TensorShape pooled, TileBlocks blocks, BlockPlace place) =>
        (HasWindow(pooled, blocks, place, 0) ? 1 : 0) + (HasWindow(pooled, blocks, place, 1) ? 1 : 0);

    private static int PooledVoxel(TensorShape pooled, TileBlocks blocks, BlockPlace place, int window, int image) =>
        ((image * pooled.D + (place.D >> blocks.Deep)) * pooled.H + place.H / 2) * pooled.W + place.W / 2 + window;

    /// <summary>Writes maxima, and where they are.</summary>
    private static Four StoreMaxima<TLayout>(TileTarget target, Maxima maxima, int at, int o, int columns) where TLayout : unmanaged, ITileLayout
    {
        Store<TLayout>(target, target.Pooled, at, o, columns, maxima.Values);
        if (target.HasPlaces != 0)
        {
            if (o < columns)
                target.Places[at + o] = (byte)maxima.X;
            if (o + 1 < columns)
                target.Places[at + o + 1] = (byte)maxima.Y;
            if (o + 2 < columns)
                target.Places[at + o + 2] = (byte)maxima.Z;
            if (o + 3 < columns)
                target.Places[at + o + 3] = (byte)maxima.W;
        }

        return maxima.Values;
    }

    /// <summary>Moments of some rows of four columns, as <see cref="Moments"/>.</summary>
    private struct RowMoments
    {
        public int Count;
        public Four Mean;
        public Four Squares;

        public static RowMoments Of(Four values)
        {
            RowMoments moments = default;
            moments.Count = 1;
            moments.Mean = values;
            return moments;
        }

        public readonly RowMoments With(RowMoments other)
        {
            var count = Count + other.Count;
            var weight = (float)other.Count / IntrinsicMath.Max(count, 1);
            var difference = other.Mean.Minus(Mean);
            RowMoments all;
            all.Count = count;
            all.Mean = Mean.Plus(weight, difference);
            all.Squares = Squares.Plus(other.Squares).PlusSquares(Count * weight, difference);
            return all;
        }
    }

    /// <summary>The largest values of a window so far, and the numbers of their voxels. Of equal values the first counts; NaN is larger than any number.</summary>
    private struct Maxima
    {
        public Four Values;
        public int X;
        public int Y;
        public int Z;
        public int W;

        /// <summary>Those of voxels that come later, whose numbers begin at <paramref name="first"/>.</summary>
        public readonly Maxima With(Maxima other, int first)
        {
            var maxima = this;
            if (other.Values.X > Values.X || float.IsNaN(other.Values.X))
                (maxima.Values.X, maxima.X) = (other.Values.X, first + other.X);
            if (other.Values.Y > Values.Y || float.IsNaN(other.Values.Y))
                (maxima.Values.Y, maxima.Y) = (other.Values.Y, first + other.Y);
            if (other.Values.Z > Values.Z || float.IsNaN(other.Values.Z))
                (maxima.Values.Z, maxima.Z) = (other.Values.Z, first + other.Z);
            if (other.Values.W > Values.W || float.IsNaN(other.Values.W))
                (maxima.Values.W, maxima.W) = (other.Values.W, first + other.W);
            return maxima;
        }
    }
}
