using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The voxels that the windows of a tile reach: a box, which goes through shared memory a slab of channels at a time.</summary>
/// <param name="D">Slices.</param>
/// <param name="H">Rows.</param>
/// <param name="W">Voxels from one row to the next, columns and what fills them up: so many that the eight voxels of a block lie in different banks, see <see cref="MatrixTiles.Vector"/>.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Vectors">Whether channels are read four at a time.</param>
internal readonly record struct MatrixReach(int D, int H, int W, int Columns, int Vectors)
{
    /// <summary>Places of all voxels.</summary>
    public int Voxels => D * H * W;

    /// <summary>The voxels that the tiles of an image reach with windows.</summary>
    public static MatrixReach Of(in TileBlocks blocks, in ConvolutionShape shape, bool vectors)
    {
        var (d, h, w) = (blocks.BoxD * (blocks.Deep != 0 ? 2 : 1) + shape.KernelD - 1, 2 * blocks.BoxH + shape.KernelH - 1, blocks.BoxW * (blocks.Deep != 0 ? 2 : 4) + shape.KernelW - 1);

        // The two rows of a flat block: a multiple of eight places and four apart, where there is room. Those of a deep one are well apart as they are, with windows of three.
        var pitch = blocks.Deep != 0 ? w : w + (12 - w % 8) % 8;
        return new MatrixReach(d, h, d * h * pitch <= MatrixTiles.MostReached ? pitch : w, w, vectors ? 1 : 0);
    }

    /// <summary>First voxel of the window of a voxel of the tile.</summary>
    internal int Row(TileBlocks blocks, int block, int voxel)
    {
        var place = blocks.WithinBox(block);
        return ((place.D + blocks.OfD(voxel)) * H + place.H + TileBlocks.OfH(voxel)) * W + place.W + blocks.OfW(voxel);
    }

    /// <summary>Which voxels of the tensors are reached; -1 outside the image, and for what fills up a row.</summary>
    /// <param name="source">Tensors.</param>
    /// <param name="first">Place of the first one.</param>
    /// <param name="image">Image.</param>
    /// <param name="threads">Threads of the group.</param>
    /// <param name="voxels">Of the first tensor.</param>
    /// <param name="small">Of the second tensor; not written where there is none.</param>
    internal void Find(TileSource source, BlockPlace first, int image, int threads, ArrayView<int> voxels, ArrayView<int> small)
    {
        for (var i = Group.IdxX; i < Voxels; i += threads)
        {
            var (d, h, w) = (first.D + i / W / H, first.H + i / W % H, first.W + i % W);
            var inside = source.IsInside(d, h, w) & i % W < Columns;
            voxels[i] = inside ? source.Voxel(image, d, h, w) : -1;
            if (source.SmallShape.C > 0)
                small[i] = inside ? source.SmallVoxel(image, d, h, w) : -1;
        }
    }

    /// <summary>Loads a slab of what is reached into shared memory.</summary>
    internal void Load<TOperand, TKind>(
        TileSource source, int image, int firstChannel, int threads, ArrayView<int> voxels, ArrayView<int> small, ArrayView<Words> target)
        where TOperand : unmanaged, IMatrixOperand where TKind : unmanaged, ISourceKind
    {
        // A thread has the same channels of all its voxels: there are as many vectors of words in a slab as divide the threads.
        var operand = default(TOperand);
        var c = firstChannel + 4 * operand.ChannelsPerWord * (Group.IdxX % MatrixTiles.SlabVectors);
        var lines = source.FourLines(image, c);
        var next = operand.ChannelsPerWord == 2 ? source.FourLines(image, c + 4) : default;
        var (first, step) = (Group.IdxX / MatrixTiles.SlabVectors, threads / MatrixTiles.SlabVectors);
        if (Vectors != 0)
        {
            // Four reads are on their way before the first one is used, those of gates counted: the memory is far, and nothing else hides its latency.
            var gradient = default(TKind).IsGradient;
            var atOnce = (gradient ? 2 : 4) / operand.ChannelsPerWord;
            for (var i = first; i < Voxels; i += atOnce * step)
            {
                if (operand.ChannelsPerWord == 2)
                {
                    var (a, b) = (Fetch<TKind, TOperand>(source, voxels, small, i, c), Fetch<TKind, TOperand>(source, voxels, small, i, c + 4));
                    if (gradient)
                    {
                        Put(target, i, Words.OfPairs(operand, source.Computed<TKind, TOperand>(a, c, lines), source.Computed<TKind, TOperand>(b, c + 4, next)));
                    }
                    else
                    {
                        var (d, e) = (Fetch<TKind, TOperand>(source, voxels, small, i + step, c), Fetch<TKind, TOperand>(source, voxels, small, i + step, c + 4));
                        Put(target, i, Words.OfPairs(operand, source.Computed<TKind, TOperand>(a, c, lines), source.Computed<TKind, TOperand>(b, c + 4, next)));
                        Put(target, i + step, Words.OfPairs(operand, source.Computed<TKind, TOperand>(d, c, lines), source.Computed<TKind, TOperand>(e, c + 4, next)));
                    }
                }
                else
                {
                    var (a, b) = (Fetch<TKind, TOperand>(source, voxels, small, i, c), Fetch<TKind, TOperand>(source, voxels, small, i + step, c));
                    if (gradient)
                    {
                        Put(target, i, Words.Of(operand, source.Computed<TKind, TOperand>(a, c, lines)));
                        Put(target, i + step, Words.Of(operand, source.Computed<TKind, TOperand>(b, c, lines)));
                    }
                    else
                    {
                        var (d, e) = (Fetch<TKind, TOperand>(source, voxels, small, i + 2 * step, c), Fetch<TKind, TOperand>(source, voxels, small, i + 3 * step, c));
                        Put(target, i, Words.Of(operand, source.Computed<TKind, TOperand>(a, c, lines)));
                        Put(target, i + step, Words.Of(operand, source.Computed<TKind, TOperand>(b, c, lines)));
                        Put(target, i + 2 * step, Words.Of(operand, source.Computed<TKind, TOperand>(d, c, lines)));
                        Put(target, i + 3 * step, Words.Of(operand, source.Computed<TKind, TOperand>(e, c, lines)));
                    }
                }
            }
        }

        for (var i = first; i < (Vectors != 0 ? 0 : Voxels); i += step)
        {
            var (voxel, smallVoxel) = (voxels[i], source.SmallShape.C > 0 ? small[i] : -1);
            var values = source.FourAt<TKind>(voxel, smallVoxel, c, lines);
            Put(target, i, operand.ChannelsPerWord == 2 ? Words.OfPairs(operand, values, source.FourAt<TKind>(voxel, smallVoxel, c + 4, next)) : Words.Of(operand, values));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FetchedFour Fetch<TKind, TWords>(TileSource source, ArrayView<int> voxels, ArrayView<int> small, int i, int channel)
        where TKind : unmanaged, ISourceKind where TWords : unmanaged, IMatrixWords
    {
        var inside = i < Voxels;
        return source.Fetch<TKind, TWords>(inside ? voxels[i] : -1, inside & source.SmallShape.C > 0 ? small[i] : -1, channel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(ArrayView<Words> target, int i, Words words)
    {
        if (i < Voxels)
            target[MatrixTiles.Vector(i, Group.IdxX % MatrixTiles.SlabVectors)] = words;
    }
}
