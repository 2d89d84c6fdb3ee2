using ILGPU;

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
        var columns = layout.WarpColumns * layout.ColumnFragments * MatrixGradientPlanes.Channels;
        var threads = MatrixGradientPlanes.Window * layout.WarpColumns * 32;
        var shared = SharedMemory.Allocate<Words>(MatrixGradientPlanes.Vectors(layout.WarpColumns * layout.ColumnFragments * MatrixGradientPlanes.Channels));
        var sums = WarpGradientTile.Zero(shared, emulated);
        var columnTiles = shape.OutputChannels / columns;
        var firstColumn = Grid.IdxX % columnTiles * columns;
        var kd = Grid.IdxX / columnTiles % shape.KernelD;
        var slabs = (shape.InputChannels + MatrixTiles.SlabWords - 1) / MatrixTiles.SlabWords;
        var firstChannel = Grid.IdxX / columnTiles / shape.KernelD % slabs * MatrixTiles.SlabWords;
        var part = Grid.IdxX / columnTiles / shape.KernelD / slabs;
        var image = part / boxes.Parts;

        // A thread has the same channels of all its voxels.
        var channel = 4 * (Group.IdxX % 4);
        var lines = source.FourLines(image, firstChannel + channel);
        var column = 4 * (Group.IdxX % (columns / 4));
        var gradientLines = gradient.FourLines(image, firstColumn + column);

        var (warp, g, t) = (Group.IdxX / 32, Group.IdxX % 32 / 4, Group.IdxX % 4);
        var (kh, warpColumn) = (warp / layout.WarpColumns, warp % layout.WarpColumns * layout.ColumnFragments);
        var ownRows = g / 4 * MatrixGradientPlanes.InputWords + (kh * MatrixGradientPlanes.ReachedWidth + t) * MatrixGradientPlanes.Channels + 2 * (g % 4);
        var ownColumns = MatrixGradientPlanes.FirstGradient + warpColumn * MatrixGradientPlanes.GradientWords + t * MatrixGradientPlanes.Channels + g;
        var last = boxes.First(part % boxes.Parts + 1);
        for (var box = boxes.First(part % boxes.Parts); box < last; box++)
        {
            var place = boxes.Place(box);

            // Nobody reads the box before any more.
            Group.Barrier();
            for (var i = Group.IdxX / 4; i < boxes.Reached; i += threads / 4)
            {
                var (rowD, rowH) = boxes.ReachedRow(i / MatrixGradientPlanes.ReachedWidth);
                var (d, h) = (place.D + rowD + kd - shape.PaddingD, place.H + rowH - shape.PaddingH);
                var w = place.W + i % MatrixGradientPlanes.ReachedWidth - shape.PaddingW;
                var inside = source.IsInside(d, h, w);
                var values = source.FourAt(
                    inside ? source.Voxel(image, d, h, w) : -1, inside & source.SmallShape.C > 0 ? source.SmallVoxel(image, d, h, w) : -1,
                    firstChannel + channel, lines, boxes.Vectors);
                shared[(channel / 8 * MatrixGradientPlanes.InputWords + i * MatrixGradientPlanes.Channels + channel % 8) / 4] = Rounded(operand, values);
            }

            for (var i = Group.IdxX / (columns / 4); i < MatrixGradientPlanes.Voxels; i += threads / (columns / 4))
            {
                var (rowD, rowH) = boxes.Row(i / MatrixGradientPlanes.Width);
                var (d, h, w) = (place.D + rowD, place.H + rowH, place.W + i % MatrixGradientPlanes.Width);
                var values = gradient.FourAt(
                    gradient.IsInside(d, h, w) ? gradient.Voxel(image, d, h, w) : -1, -1, firstColumn + column, gradientLines, boxes.Vectors);
                shared[(MatrixGradientPlanes.FirstGradient + column / 8 * MatrixGradientPlanes.GradientWords + i * MatrixGradientPlanes.Channels + column % 8) / 4] =
                    Rounded(operand, values);
            }

            Group.Barrier();
            for (var row = 0; row < MatrixGradientPlanes.Rows; row++)
            {
                var (rowD, rowH) = boxes.Row(row);
                sums.Multiply(operand, shared, ownRows + (rowD * boxes.ReachedHeight + rowH) * MatrixGradientPlanes.ReachedWidth * MatrixGradientPlanes.Channels,
                    ownColumns + row * MatrixGradientPlanes.Width * MatrixGradientPlanes.Channels, layout.ColumnFragments);
            }
        }

        var first = ((part * shape.Taps + (kd * MatrixGradientPlanes.Window + kh) * MatrixGradientPlanes.Window) * shape.InputChannels + firstChannel + 2 * g)
            * shape.OutputChannels + firstColumn + warpColumn * MatrixGradientPlanes.Channels + 2 * t;
        sums.StoreTo(partials, first, shape.InputChannels * shape.OutputChannels, shape.OutputChannels, shape.InputChannels - firstChannel - 2 * g, layout.ColumnFragments);
    }

    private static Words Rounded<TOperand>(TOperand operand, Four values) where TOperand : unmanaged, IGradientOperand
    {
        Words words;
        words.X = operand.Word(values.X, 0);
        words.Y = operand.Word(values.Y, 0);
        words.Z = operand.Word(values.Z, 0);
        words.W = operand.Word(values.W, 0);
        return words;
    }
}
