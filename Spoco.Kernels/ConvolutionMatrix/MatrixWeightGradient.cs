using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>How many output channels a group of <see cref="MatrixWeightGradient"/> has, as a type.</summary>
internal interface IMatrixGradientLayout
{
    /// <summary>Warps side by side.</summary>
    int WarpColumns { get; }

    /// <summary>Fragments of 8 output channels of a warp.</summary>
    int ColumnFragments { get; }
}

/// <summary>64 output channels: six warps.</summary>
internal readonly struct WideGradient : IMatrixGradientLayout
{
    /// <inheritdoc/>
    public int WarpColumns => 2;

    /// <inheritdoc/>
    public int ColumnFragments => 4;
}

/// <summary>32 output channels: three warps.</summary>
internal readonly struct MiddleGradient : IMatrixGradientLayout
{
    /// <inheritdoc/>
    public int WarpColumns => 1;

    /// <inheritdoc/>
    public int ColumnFragments => 4;
}

/// <summary>16 output channels: three warps.</summary>
internal readonly struct NarrowGradient : IMatrixGradientLayout
{
    /// <inheritdoc/>
    public int WarpColumns => 1;

    /// <inheritdoc/>
    public int ColumnFragments => 2;
}

/// <summary>
/// The weight gradient of a convolution in matrix units, as a matrix product over voxels: rows are a row of the window's positions and 16 input channels,
/// columns are output channels. Voxels are cut into boxes, and these into parts, each of which gives a copy of the gradient; these are summed up in their order
/// afterwards.
/// </summary>
internal static class MatrixWeightGradient
{
    /// <summary>Threads that share a multiprocessor: what leaves each of them 168 registers.</summary>
    private const int ResidentThreads = 384;

    /// <summary>Output channels of a group.</summary>
    public static int Columns<TLayout>() where TLayout : unmanaged, IMatrixGradientLayout =>
        default(TLayout).WarpColumns * default(TLayout).ColumnFragments * MatrixGradientPlanes.Channels;

    /// <summary>Threads of a group: a warp has a row of the window.</summary>
    public static int Threads<TLayout>() where TLayout : unmanaged, IMatrixGradientLayout => MatrixGradientPlanes.Window * default(TLayout).WarpColumns * 32;

    /// <summary>How many groups are to share a multiprocessor: one waits for memory while another one multiplies.</summary>
    public static KernelSpecialization Groups<TLayout>() where TLayout : unmanaged, IMatrixGradientLayout => new(Threads<TLayout>(), ResidentThreads / Threads<TLayout>());

    /// <summary>The kernel; one group per image, part, 16 input channels, slice of the window and tile of output channels, which fill their tiles.</summary>
    /// <param name="source">Input of the convolution.</param>
    /// <param name="gradient">Gradient of its result, [N, D', H', W', Cout].</param>
    /// <param name="partials">[N, parts, kD, 3, 3, Cin, Cout].</param>
    /// <param name="shape">The forward convolution.</param>
    /// <param name="boxes">Boxes of an image and their parts.</param>
    /// <param name="emulated">See <see cref="WarpSums.Zero"/>.</param>
    public static void Kernel<TLayout, TOperand>(
        TileSource source, TileSource gradient, ArrayView<float> partials, ConvolutionShape shape, MatrixGradientBoxes boxes, ArrayView<int> emulated)
        where TLayout : unmanaged, IMatrixGradientLayout where TOperand : unmanaged, IGradientOperand
    {
        var layout = default(TLayout);
        var operand = default(TOperand);
        var columns = Columns<TLayout>();
        var shared = SharedMemory.Allocate<Words>(MatrixGradientPlanes.Vectors<TOperand>(columns));
        var sums = WarpGradientTile.Zero(shared, emulated);
        var columnTiles = shape.OutputChannels / columns;
        var firstColumn = Grid.IdxX % columnTiles * columns;
        var kd = Grid.IdxX / columnTiles % shape.KernelD;
        var slabs = (shape.InputChannels + MatrixTiles.SlabWords - 1) / MatrixTiles.SlabWords;
        var firstChannel = Grid.IdxX / columnTiles / shape.KernelD % slabs * MatrixTiles.SlabWords;
        var part = Grid.IdxX / columnTiles / shape.KernelD / slabs;
        MatrixGradientLoad load;
        (load.Image, load.FirstChannel, load.FirstColumn) = (part / boxes.Parts, firstChannel, firstColumn);

        // What threads need now and then: in registers it would be theirs all along.
        var places = SharedMemory.Allocate<int>(MatrixGradientPlaces.Count);
        MatrixGradientPlaces.Find(boxes, Threads<TLayout>(), places);
        var lines = SharedMemory.Allocate<FourLines>(MatrixTiles.SlabVectors);
        if (Group.IdxX < MatrixTiles.SlabVectors)
            lines[Group.IdxX] = source.FourLines(load.Image, firstChannel + 4 * Group.IdxX);

        var warp = Group.IdxX / 32;
        var (kh, warpColumn) = (warp / layout.WarpColumns, warp % layout.WarpColumns * layout.ColumnFragments);
        var (ownRows, ownColumns) = (WarpGradientTile.FirstRow<TOperand>(kh), WarpGradientTile.FirstColumn<TOperand>(warpColumn));

        // Where the sums of the group go: one number now instead of four later.
        var first = ((part * shape.KernelD + kd) * MatrixGradientPlanes.Window * MatrixGradientPlanes.Window * shape.InputChannels + firstChannel) * shape.OutputChannels + firstColumn;
        var last = boxes.First(part % boxes.Parts + 1);
        for (var box = boxes.First(part % boxes.Parts); box < last; box++)
        {
            load.Place = boxes.Place(box);
            load.Reached = load.Place;
            (load.Reached.D, load.Reached.H, load.Reached.W) = (load.Place.D + kd - shape.PaddingD, load.Place.H - shape.PaddingH, load.Place.W - shape.PaddingW);

            // Nobody reads the box before any more.
            Group.Barrier();
            if (boxes.Vectors != 0)
                load.Vectors<TLayout, TOperand>(source, gradient, boxes.Reached, places, lines, shared);
            else
                load.OneByOne<TLayout, TOperand>(source, gradient, boxes.Reached, places, lines, shared);

            Group.Barrier();
            var (rows, column) = (ownRows, ownColumns);
            for (var slice = 0; slice < boxes.Depth; slice++)
            {
                // A step is a row of channels of a word each, or two rows where words have two: as many words.
                for (var row = 0; row < boxes.Height; row += operand.ChannelsPerWord)
                {
                    sums.Multiply(operand, shared, rows, column, layout.ColumnFragments);
                    rows += MatrixGradientPlanes.ReachedWidth * MatrixGradientPlanes.Channels;
                    column += MatrixGradientPlanes.Width * MatrixGradientPlanes.Channels;
                }

                rows += (MatrixGradientPlanes.Window - 1) * MatrixGradientPlanes.ReachedWidth * MatrixGradientPlanes.VoxelWords<TOperand>();
            }
        }

        var channel = WarpGradientTile.Channel<TOperand>();
        var own = (kh * MatrixGradientPlanes.Window * shape.InputChannels + channel) * shape.OutputChannels + warpColumn * MatrixGradientPlanes.Channels + 2 * (Group.IdxX % 4);
        sums.StoreTo<TOperand>(partials, first + own, shape.InputChannels * shape.OutputChannels, shape.OutputChannels, shape.InputChannels - firstChannel - channel, layout.ColumnFragments);
    }
}
