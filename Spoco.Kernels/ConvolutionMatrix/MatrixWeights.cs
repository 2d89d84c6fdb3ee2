using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// A weight as matrix units take it: [slabs, taps, columns, 16 words], slabs of <see cref="MatrixTiles.SlabWords"/> words of input channels; columns filled up
/// to whole tiles, and channels to whole slabs, with 0. Steps lie one behind the other as a tile takes them.
/// </summary>
internal static class MatrixWeights
{
    /// <summary>Columns of the packed weight.</summary>
    public static int Columns(int columns)
    {
        var tile = MatrixTiles.Columns(columns);
        return (columns + tile - 1) / tile * tile;
    }

    /// <summary>Words of the packed weight.</summary>
    /// <param name="shape">The convolution; of an input gradient the one that computes it.</param>
    /// <param name="channelsPerWord">Channels of a word.</param>
    public static long Length(in ConvolutionShape shape, int channelsPerWord)
    {
        var channels = MatrixTiles.SlabWords * channelsPerWord;
        return ((long)shape.InputChannels + channels - 1) / channels * shape.Taps * Columns(shape.OutputChannels) * MatrixTiles.SlabWords;
    }

    /// <summary>Packs a weight; one thread per word.</summary>
    /// <param name="i">Word.</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout] of the forward convolution.</param>
    /// <param name="packed">The packed weight.</param>
    /// <param name="shape">The convolution; of an input gradient the one that computes it.</param>
    /// <param name="transposed">Whether it is that of an input gradient: the weight is read mirrored, with its channels exchanged.</param>
    public static void Pack<TOperand>(Index1D i, ArrayView<float> weight, ArrayView<int> packed, ConvolutionShape shape, int transposed)
        where TOperand : unmanaged, IMatrixOperand
    {
        var operand = default(TOperand);
        var columns = Columns(shape.OutputChannels);
        var (word, column, step) = (i % MatrixTiles.SlabWords, i / MatrixTiles.SlabWords % columns, i / MatrixTiles.SlabWords / columns);
        var (tap, slab) = (step % shape.Taps, step / shape.Taps);
        var c = (slab * MatrixTiles.SlabWords + word) * operand.ChannelsPerWord;
        packed[i] = operand.Word(
            Value(weight, shape, tap, c, column, transposed), operand.ChannelsPerWord == 2 ? Value(weight, shape, tap, c + 1, column, transposed) : 0);
    }

    private static float Value(ArrayView<float> weight, ConvolutionShape shape, int tap, int c, int o, int transposed)
    {
        if (c >= shape.InputChannels || o >= shape.OutputChannels)
            return 0;
        return transposed != 0 ? weight[((shape.Taps - 1 - tap) * shape.OutputChannels + o) * shape.InputChannels + c]
            : weight[(tap * shape.InputChannels + c) * shape.OutputChannels + o];
    }
}
