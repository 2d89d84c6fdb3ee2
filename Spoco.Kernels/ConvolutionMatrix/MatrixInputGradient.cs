using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The input gradient of a convolution in matrix units, <see cref="MatrixProduct"/>; what follows the sums is that of <see cref="TileInputGradient"/>.</summary>
internal static class MatrixInputGradient
{
    /// <summary>The kernel; one group per image, box and tile of columns.</summary>
    public static void Kernel<TLayout, TOperand>(
        TileSource gradient, ArrayView<Words> weight, ConvolutionShape transposed, TileBlocks blocks, MatrixReach reach, TileGradientTarget target, ArrayView<int> emulated)
        where TLayout : unmanaged, IMatrixLayout where TOperand : unmanaged, IMatrixOperand
    {
        var shared = SharedMemory.Allocate<Words>(MatrixTiles.SharedVectors(TileLayouts.ThreadColumns * default(TLayout).ColumnThreads));
        var voxels = SharedMemory.Allocate<int>(2 * MatrixTiles.MostReached);
        var places = SharedMemory.Allocate<BlockPlace>(MatrixTiles.Blocks);
        var thread = TilePlace.Of<TLayout>(transposed.OutputChannels, blocks.Tiles);
        var sum = MatrixProduct.Of<TLayout, TOperand, GradientSource>(gradient, weight, transposed, blocks, reach, thread, shared, voxels, places, emulated);
        TileInputGradient.Finish<TLayout>(sum, shared.Cast<Four>(), target, blocks, thread, transposed.OutputChannels, places);
    }
}
