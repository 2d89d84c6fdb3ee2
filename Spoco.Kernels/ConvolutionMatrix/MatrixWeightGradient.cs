using System.Runtime.CompilerServices;
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
            var reached = place;
            (reached.D, reached.H, reached.W) = (place.D + kd - shape.PaddingD, place.H - shape.PaddingH, place.W - shape.PaddingW);
            if (boxes.Vectors != 0)
            {
                // Three reads are on their way before the first one is used: the memory is far, and nothing else hides its latency.
                for (var i = Group.IdxX / 4; i < boxes.Reached; i += 3 * (threads / 4))
                {
                    var (j, k) = (i + threads / 4, i + 2 * (threads / 4));
                    var first = FetchInput<TOperand>(source, boxes, reached, image, i, firstChannel + channel);
                    var second = FetchInput<TOperand>(source, boxes, reached, image, j, firstChannel + channel);
                    var third = FetchInput<TOperand>(source, boxes, reached, image, k, firstChannel + channel);
                    shared[InputVector(channel, i)] = Words.Of(operand, source.Computed<InputSource, TOperand>(first, firstChannel + channel, lines));
                    if (j < boxes.Reached)
                        shared[InputVector(channel, j)] = Words.Of(operand, source.Computed<InputSource, TOperand>(second, firstChannel + channel, lines));
                    if (k < boxes.Reached)
                        shared[InputVector(channel, k)] = Words.Of(operand, source.Computed<InputSource, TOperand>(third, firstChannel + channel, lines));
                }

                for (var i = Group.IdxX / (columns / 4); i < MatrixGradientPlanes.Voxels; i += 3 * (threads / (columns / 4)))
                {
                    var (j, k) = (i + threads / (columns / 4), i + 2 * (threads / (columns / 4)));
                    var first = gradient.Fetch<GradientSource, TOperand>(GradientVoxel(gradient, boxes, place, image, i), -1, firstColumn + column);
                    var second = gradient.Fetch<GradientSource, TOperand>(GradientVoxel(gradient, boxes, place, image, j), -1, firstColumn + column);
                    var third = gradient.Fetch<GradientSource, TOperand>(GradientVoxel(gradient, boxes, place, image, k), -1, firstColumn + column);
                    shared[GradientVector(column, i)] = Words.Of(operand, gradient.Computed<GradientSource, TOperand>(first, firstColumn + column, gradientLines));
                    if (j < MatrixGradientPlanes.Voxels)
                        shared[GradientVector(column, j)] = Words.Of(operand, gradient.Computed<GradientSource, TOperand>(second, firstColumn + column, gradientLines));
                    if (k < MatrixGradientPlanes.Voxels)
                        shared[GradientVector(column, k)] = Words.Of(operand, gradient.Computed<GradientSource, TOperand>(third, firstColumn + column, gradientLines));
                }
            }

            for (var i = Group.IdxX / 4; i < (boxes.Vectors != 0 ? 0 : boxes.Reached); i += threads / 4)
            {
                var (voxel, small) = InputVoxel(source, boxes, reached, image, i);
                shared[InputVector(channel, i)] = Words.Of(operand, source.FourAt(voxel, small, firstChannel + channel, lines));
            }

            for (var i = Group.IdxX / (columns / 4); i < (boxes.Vectors != 0 ? 0 : MatrixGradientPlanes.Voxels); i += threads / (columns / 4))
            {
                var voxel = GradientVoxel(gradient, boxes, place, image, i);
                shared[GradientVector(column, i)] = Words.Of(operand, gradient.FourAt(voxel, -1, firstColumn + column, gradientLines));
            }

            Group.Barrier();
            for (var row = 0; row < MatrixGradientPlanes.Rows; row++)
            {
                var (rowD, rowH) = boxes.Row(row);
                sums.Multiply(operand, shared, ownRows + (rowD * boxes.ReachedHeight + rowH) * MatrixGradientPlanes.ReachedWidth * MatrixGradientPlanes.Channels,
                    ownColumns + row * MatrixGradientPlanes.Width * MatrixGradientPlanes.Channels, layout.ColumnFragments);
            }
        }

        var own = ((part * shape.Taps + (kd * MatrixGradientPlanes.Window + kh) * MatrixGradientPlanes.Window) * shape.InputChannels + firstChannel + 2 * g)
            * shape.OutputChannels + firstColumn + warpColumn * MatrixGradientPlanes.Channels + 2 * t;
        sums.StoreTo(partials, own, shape.InputChannels * shape.OutputChannels, shape.OutputChannels, shape.InputChannels - firstChannel - 2 * g, layout.ColumnFragments);
    }

    /// <summary>Voxels of the two tensors that are the i-th that a box reaches; -1 outside the image, and beyond the last.</summary>
    private static (int Voxel, int Small) InputVoxel(TileSource source, MatrixGradientBoxes boxes, BlockPlace reached, int image, int i)
    {
        var (rowD, rowH) = boxes.ReachedRow(i / MatrixGradientPlanes.ReachedWidth);
        var (d, h, w) = (reached.D + rowD, reached.H + rowH, reached.W + i % MatrixGradientPlanes.ReachedWidth);
        var inside = i < boxes.Reached & source.IsInside(d, h, w);
        return (inside ? source.Voxel(image, d, h, w) : -1, inside & source.SmallShape.C > 0 ? source.SmallVoxel(image, d, h, w) : -1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FetchedFour FetchInput<TOperand>(TileSource source, MatrixGradientBoxes boxes, BlockPlace reached, int image, int i, int channel)
        where TOperand : unmanaged, IGradientOperand
    {
        var (voxel, small) = InputVoxel(source, boxes, reached, image, i);
        return source.Fetch<InputSource, TOperand>(voxel, small, channel);
    }

    /// <summary>The i-th voxel of a box; -1 outside the image, and beyond the last.</summary>
    private static int GradientVoxel(TileSource gradient, MatrixGradientBoxes boxes, BlockPlace place, int image, int i)
    {
        var (rowD, rowH) = boxes.Row(i / MatrixGradientPlanes.Width);
        var (d, h, w) = (place.D + rowD, place.H + rowH, place.W + i % MatrixGradientPlanes.Width);
        return i < MatrixGradientPlanes.Voxels & gradient.IsInside(d, h, w) ? gradient.Voxel(image, d, h, w) : -1;
    }

    /// <summary>Vector of four channels of what is reached.</summary>
    private static int InputVector(int channel, int i) => (channel / 8 * MatrixGradientPlanes.InputWords + i * MatrixGradientPlanes.Channels + channel % 8) / 4;

    /// <summary>Vector of four channels of the gradient.</summary>
    private static int GradientVector(int column, int i) =>
        (MatrixGradientPlanes.FirstGradient + column / 8 * MatrixGradientPlanes.GradientWords + i * MatrixGradientPlanes.Channels + column % 8) / 4;
}
