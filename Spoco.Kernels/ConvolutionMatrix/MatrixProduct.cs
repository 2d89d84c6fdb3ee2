using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums of a tile of a convolution in matrix units. Rows are voxels of a box, columns output channels; terms are taken slab by slab of input channels. All
/// that the windows of the box reach in a slab is in shared memory once, normalised and rounded on the way; every position of the window then multiplies the
/// rows that begin at its place there with its own part of the weight, which comes three steps ahead.
/// </summary>
internal static class MatrixProduct
{
    /// <summary>Bytes of a vector of words.</summary>
    private const int Bytes = 16;

    /// <summary>Bit that leads from the first two vectors of a slab to the last two, wherever they lie.</summary>
    private const int SecondHalf = 2 * Bytes;

    /// <summary>The sums, given to threads as <see cref="TileForward"/> has them; <paramref name="places"/> holds the blocks of the tile afterwards.</summary>
    /// <param name="source">What is read.</param>
    /// <param name="weight">As <see cref="MatrixWeights"/> packs it.</param>
    /// <param name="shape">The convolution; of an input gradient the one that computes it.</param>
    /// <param name="blocks">Boxes of the result.</param>
    /// <param name="reach">What a box reaches.</param>
    /// <param name="thread">What the group computes.</param>
    /// <param name="shared">Shared memory: a slab of what is reached, then the stages of the columns; the sums afterwards.</param>
    /// <param name="voxels">Shared memory for the numbers of the voxels that are reached, those of both tensors.</param>
    /// <param name="places">Shared memory of the blocks.</param>
    /// <param name="emulated">See <see cref="WarpSums.Zero"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TileProduct Of<TLayout, TOperand, TKind>(
        TileSource source, ArrayView<Words> weight, ConvolutionShape shape, TileBlocks blocks, MatrixReach reach, TilePlace thread,
        ArrayView<Words> shared, ArrayView<int> voxels, ArrayView<BlockPlace> places, ArrayView<int> emulated)
        where TLayout : unmanaged, IMatrixLayout where TOperand : unmanaged, IMatrixOperand where TKind : unmanaged, ISourceKind
    {
        var layout = default(TLayout);
        var operand = default(TOperand);
        var threads = layout.ColumnThreads * layout.RowThreads;
        var tileColumns = TileLayouts.ThreadColumns * layout.ColumnThreads;
        var sums = WarpTile.Zero(shared, emulated);
        if (Group.IdxX < layout.RowThreads)
            places[Group.IdxX] = blocks.Place(thread.Tile, Group.IdxX, layout.RowThreads);
        var first = blocks.Place(thread.Tile, 0, layout.RowThreads);
        (first.D, first.H, first.W) = (first.D - shape.PaddingD, first.H - shape.PaddingH, first.W - shape.PaddingW);
        var small = voxels.SubView(MatrixTiles.MostReached, MatrixTiles.MostReached);
        reach.Find(source, first, thread.Image, threads, voxels, small);

        // Every thread copies one vector of a step's columns, of which there are as many as threads.
        var slabChannels = MatrixTiles.SlabWords * operand.ChannelsPerWord;
        var steps = (shape.InputChannels + slabChannels - 1) / slabChannels * shape.Taps;
        var perStep = MatrixWeights.Columns(shape.OutputChannels) * MatrixTiles.SlabVectors;
        var from = thread.FirstColumn * MatrixTiles.SlabVectors + Group.IdxX;
        var to = MatrixTiles.MostReached * MatrixTiles.SlabVectors + MatrixTiles.Vector(Group.IdxX / MatrixTiles.SlabVectors, Group.IdxX % MatrixTiles.SlabVectors);
        var queue = CopyQueue.Empty();
        for (var s = 0; s < MatrixTiles.Stages - 1; s++)
        {
            queue.Put(shared, s < steps ? s * threads + to : -1, weight, from);
            from += perStep;
        }

        // Which rows and column this thread names to its warp, see WarpTile, and which sixteen bytes of them.
        var (warp, lane) = (Group.IdxX / 32, Group.IdxX % 32);
        var block = warp / layout.WarpColumns * 2 * layout.RowFragments;
        var (half, ofColumn) = (lane / 16, lane / 8 % 2);
        var row0 = reach.Row(blocks, block + lane / 8 % 2, lane % 8);
        var row1 = reach.Row(blocks, block + 2 + lane / 8 % 2, lane % 8);
        int row2 = 0, row3 = 0;
        if (layout.RowFragments == 4)
        {
            row2 = reach.Row(blocks, block + 4 + lane / 8 % 2, lane % 8);
            row3 = reach.Row(blocks, block + 6 + lane / 8 % 2, lane % 8);
        }

        var warpColumn = warp % layout.WarpColumns * 32;
        var column = Bytes * (MatrixTiles.MostReached * MatrixTiles.SlabVectors + MatrixTiles.Vector(warpColumn + lane % 8 + 8 * half, ofColumn));
        var step = 0;
        for (var slab = 0; step < steps; slab++)
        {
            // The numbers of the voxels are there; and nobody reads the slab before any more.
            Group.Barrier();
            reach.Load<TOperand, TKind>(source, thread.Image, slab * slabChannels, threads, voxels, small, shared);
            int kw = 0, kh = 0, tap = 0;
            for (var i = 0; i < shape.Taps; i++)
            {
                queue.Take(shared, weight);

                // The slab and this step's columns are there; and nobody reads the columns of the step before, whose place the next copy takes.
                Group.Barrier();
                var ahead = step + MatrixTiles.Stages - 1;
                queue.Put(shared, ahead < steps ? (ahead & (MatrixTiles.Stages - 1)) * threads + to : -1, weight, from);
                from += perStep;
                var at = column + (step & (MatrixTiles.Stages - 1)) * threads * Bytes;
                var (a, b) = (Bytes * MatrixTiles.Vector(row0 + tap, half), Bytes * MatrixTiles.Vector(row1 + tap, half));
                if (layout.RowFragments == 2)
                {
                    sums.MultiplyWide(operand, shared, a, b, at);
                    sums.MultiplyWide(operand, shared, a ^ SecondHalf, b ^ SecondHalf, at ^ SecondHalf);
                }
                else
                {
                    var (c, d) = (Bytes * MatrixTiles.Vector(row2 + tap, half), Bytes * MatrixTiles.Vector(row3 + tap, half));
                    sums.MultiplyNarrow(operand, shared, a, b, c, d, at);
                    sums.MultiplyNarrow(operand, shared, a ^ SecondHalf, b ^ SecondHalf, c ^ SecondHalf, d ^ SecondHalf, at ^ SecondHalf);
                }

                step++;
                tap++;
                if (++kw == shape.KernelW)
                {
                    kw = 0;
                    tap += reach.W - shape.KernelW;
                    if (++kh == shape.KernelH)
                    {
                        kh = 0;
                        tap += (reach.H - shape.KernelH) * reach.W;
                    }
                }
            }
        }

        // From fragments to the threads' rows and columns: through the memory of the slab, which nobody reads any more.
        Group.Barrier();
        var values = shared.Cast<float>();
        var pitch = tileColumns + 8;
        sums.StoreTo(values, (8 * block + lane / 4) * pitch + warpColumn + 2 * (lane % 4), pitch, layout.RowFragments);
        Group.Barrier();
        var fours = shared.Cast<Four>();
        var mine = 8 * thread.Row * pitch / 4 + Group.IdxX % layout.ColumnThreads;
        TileProduct product;
        product.R0 = fours[mine];
        product.R1 = fours[mine + pitch / 4];
        product.R2 = fours[mine + 2 * pitch / 4];
        product.R3 = fours[mine + 3 * pitch / 4];
        product.R4 = fours[mine + 4 * pitch / 4];
        product.R5 = fours[mine + 5 * pitch / 4];
        product.R6 = fours[mine + 6 * pitch / 4];
        product.R7 = fours[mine + 7 * pitch / 4];

        // All have theirs before what follows uses the memory.
        Group.Barrier();
        return product;
    }
}
