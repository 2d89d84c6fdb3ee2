using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The weight gradient of a convolution as a matrix product over voxels: rows are terms (position of the window, input channel), columns are output
/// channels. The voxels of an image are cut into parts, each of which gives a copy of the gradient; these are summed up in their order afterwards.
/// </summary>
internal static class TileWeightGradient
{
    /// <summary>The kernel; one group per image, part, tile of terms and tile of columns.</summary>
    /// <param name="source">Input of the convolution.</param>
    /// <param name="gradient">Gradient of its result, [N, D', H', W', Cout].</param>
    /// <param name="partials">[N, parts, kD, kH, kW, Cin, Cout].</param>
    /// <param name="shape">The forward convolution.</param>
    /// <param name="parts">Parts of an image.</param>
    /// <param name="voxelsPerPart">Voxels of a part.</param>
    public static void Kernel<TLayout>(
        TileSource source, TileSource gradient, ArrayView<float> partials, ConvolutionShape shape, int parts, int voxelsPerPart)
        where TLayout : unmanaged, ITileLayout
    {
        var layout = default(TLayout);
        var threads = layout.ColumnThreads * layout.RowThreads;
        var (tileRows, tileColumns) = (TileLayouts.ThreadRows * layout.RowThreads, 4 * layout.ColumnThreads);
        var sharedRows = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.RowPitch / 4);
        var sharedColumns = SharedMemory.Allocate<Four>(TileLayouts.Depth * TileLayouts.ColumnPitch / 4);
        var taps = SharedMemory.Allocate<Tap>(256);
        var voxels = SharedMemory.Allocate<VoxelPlace>(TileLayouts.Depth);
        var rowValues = sharedRows.Cast<float>();
        var columnValues = sharedColumns.Cast<float>();
        var (terms, columns) = (shape.Terms, shape.OutputChannels);
        var columnTiles = (columns + tileColumns - 1) / tileColumns;
        var tiles = (terms + tileRows - 1) / tileRows * columnTiles;
        var firstRow = Grid.IdxX % tiles / columnTiles * tileRows;
        var firstColumn = Grid.IdxX % tiles % columnTiles * tileColumns;
        var part = Grid.IdxX / tiles;
        var image = part / parts;
        var output = shape.Output;
        var imageVoxels = output.D * output.H * output.W;
        var firstVoxel = part % parts * voxelsPerPart;
        var lastVoxel = IntrinsicMath.Min(firstVoxel + voxelsPerPart, imageVoxels);
        var thread = Group.IdxX;
        var (row, column) = (thread / layout.ColumnThreads, thread % layout.ColumnThreads);

        // A first layer and a convolution of 1x1 have few terms: of the tile's rows, as many as a power of two are filled and summed. Sixteen at least, so that every
        // thread fills some: where half of a group fills none, PoCL 6 fills some of the rows wrongly. The same in PTX is right.
        var filledBits = 4;
        while (1 << filledBits < tileRows & 1 << filledBits < terms - firstRow)
            filledBits++;
        var filled = 1 << filledBits;
        for (var i = thread; i < filled; i += threads)
            taps[i] = Tap.Of(firstRow + i, terms, shape, source, image);

        TileProduct sum = default;
        for (var first = firstVoxel; first < lastVoxel; first += TileLayouts.Depth)
        {
            if (thread < TileLayouts.Depth)
            {
                var voxel = first + thread;
                VoxelPlace place;
                place.W = voxel % output.W;
                place.H = voxel / output.W % output.H;

                // One beyond the last: a slice that no tap brings back into the image.
                place.D = voxel < lastVoxel ? voxel / output.W / output.H : 2 * (shape.Input.D + output.D);
                place.First = voxel < lastVoxel
                    ? (((image * source.Shape.D + place.D) * source.Shape.H + place.H) * source.Shape.W + place.W) * source.Shape.C : 0;
                voxels[thread] = place;
            }

            Group.Barrier();
            for (var i = thread; i < TileLayouts.Depth * filled; i += threads)
            {
                var (v, r) = (i >> filledBits, i & (filled - 1));
                var place = voxels[v];
                var tap = taps[r];
                var (d, h, w) = (place.D + tap.D, place.H + tap.H, place.W + tap.W);
                rowValues[v * TileLayouts.RowPitch + r] = tap.Channel < source.Shape.C
                    ? source.At(place.First + tap.Offset, source.IsInside(d, h, w), tap.Scale, tap.Shift)
                    : source.OfSmall(image, d, h, w, tap.Channel, tap.Scale, tap.Shift);
            }

            for (var i = thread; i < TileLayouts.Depth * tileColumns; i += threads)
            {
                var (v, n) = (i / tileColumns, i % tileColumns);
                var (voxel, o) = (first + v, firstColumn + n);
                columnValues[v * TileLayouts.ColumnPitch + n] =
                    gradient.At((image * imageVoxels + voxel) * columns + o, voxel < lastVoxel & o < columns, 1, 0);
            }

            Group.Barrier();
            sum = sum.Plus(sharedRows, sharedColumns, row, column, TileLayouts.ThreadRows * row < filled ? TileLayouts.Depth : 0);
            Group.Barrier();
        }

        for (var r = 0; r < TileLayouts.ThreadRows; r++)
        {
            var term = firstRow + TileLayouts.ThreadRows * row + r;
            var at = (part * terms + term) * columns;
            for (var j = 0; j < TileLayouts.ThreadColumns; j++)
            {
                var o = firstColumn + 4 * column + j;
                if (term < terms && o < columns)
                    partials[at + o] = sum.Row(r).At(j);
            }
        }
    }

    /// <summary>A voxel of the result. Four integers, so that it is read at once.</summary>
    public struct VoxelPlace
    {
        /// <summary>Slice.</summary>
        public int D;

        /// <summary>Row.</summary>
        public int H;

        /// <summary>Column.</summary>
        public int W;

        /// <summary>First value of the input's voxel at its place.</summary>
        public int First;
    }

    /// <summary>One term of the sum: a position of the window, an input channel, and how this is normalised.</summary>
    public struct Tap
    {
        /// <summary>Slices from the output voxel.</summary>
        public int D;

        /// <summary>Rows from it.</summary>
        public int H;

        /// <summary>Columns from it.</summary>
        public int W;

        /// <summary>Input channel.</summary>
        public int Channel;

        /// <summary>Values of the first tensor from the voxel's first one.</summary>
        public int Offset;

        /// <summary>Factor.</summary>
        public float Scale;

        /// <summary>Summand.</summary>
        public float Shift;

        internal static Tap Of(int term, int terms, ConvolutionShape shape, TileSource source, int image)
        {
            // One beyond the last: a slice outside the image.
            var inside = term < terms;
            var (position, c) = (term / shape.InputChannels, term % shape.InputChannels);
            Tap tap;
            tap.D = inside ? position / shape.KernelW / shape.KernelH - shape.PaddingD : shape.Input.D + shape.Output.D;
            tap.H = position / shape.KernelW % shape.KernelH - shape.PaddingH;
            tap.W = position % shape.KernelW - shape.PaddingW;
            tap.Channel = c;
            tap.Offset = ((tap.D * source.Shape.H + tap.H) * source.Shape.W + tap.W) * source.Shape.C + c;
            tap.Scale = inside ? source.ScaleOf(image, c) : 0;
            tap.Shift = inside ? source.ShiftOf(image, c) : 0;
            return tap;
        }
    }
}
