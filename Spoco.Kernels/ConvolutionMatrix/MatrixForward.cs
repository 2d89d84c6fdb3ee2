using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>A convolution in matrix units, <see cref="MatrixProduct"/>; what follows the sums is that of <see cref="TileForward"/>.</summary>
internal static class MatrixForward
{
    /// <summary>The kernel; one group per image, box and tile of columns.</summary>
    public static void Kernel<TLayout, TOperand>(
        TileSource source, ArrayView<Words> weight, ConvolutionShape shape, TileBlocks blocks, MatrixReach reach, TileTarget target, ArrayView<int> emulated)
        where TLayout : unmanaged, IMatrixLayout where TOperand : unmanaged, IMatrixOperand
    {
        var shared = SharedMemory.Allocate<Words>(MatrixTiles.SharedVectors(TileLayouts.ThreadColumns * default(TLayout).ColumnThreads));
        var voxels = SharedMemory.Allocate<int>(2 * MatrixTiles.MostReached);
        var places = SharedMemory.Allocate<BlockPlace>(MatrixTiles.Blocks);
        var thread = TilePlace.Of<TLayout>(shape.OutputChannels, blocks.Tiles);
        var sum = MatrixProduct.Of<TLayout, TOperand, InputSource>(source, weight, shape, blocks, reach, thread, shared, voxels, places, emulated);
        TileForward.Finish<TLayout>(sum, shared.Cast<float>(), target, blocks, thread, shape.OutputChannels, places);
    }
}
