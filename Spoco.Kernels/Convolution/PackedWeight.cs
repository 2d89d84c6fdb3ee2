namespace Spoco.Kernels.Primitives;

/// <summary>
/// A weight rearranged for register tiles: output channels in blocks of two registers (the last block of one, where that is enough), each block
/// [terms][channels of the block], zeros beyond the last channel. A register holds neighbouring channels of one term, or, for very few channels,
/// neighbouring terms of one channel: a block is then [terms / lanes][one or two channels][lanes]. Lives in pooled memory for one call.
/// </summary>
internal readonly unsafe struct PackedWeight : IDisposable
{
    private readonly Holdings _holdings;
    private readonly float* _values;

    private PackedWeight(Holdings holdings, float* values, ChannelBlocks blocks, int terms, int lanes, bool alongTerms)
    {
        _holdings = holdings;
        _values = values;
        Blocks = blocks;
        Terms = terms;
        Lanes = lanes;
        AlongTerms = alongTerms;
    }

    public ChannelBlocks Blocks { get; }

    public int Lanes { get; }

    /// <summary>Whether the lanes of a register are terms.</summary>
    public bool AlongTerms { get; }

    public int Terms { get; }

    /// <summary>First value of a block.</summary>
    public float* Block(int block) => _values + (long)block * Blocks.Width * Terms;

    /// <summary>Packs the weight of a convolution.</summary>
    /// <param name="host">Device.</param>
    /// <param name="shape">The convolution to be computed.</param>
    /// <param name="weight">
    /// [kD,kH,kW,Cin,Cout]; when <paramref name="transposed"/>, [kD,kH,kW,Cout,Cin] of the convolution whose input gradient this one computes.
    /// </param>
    /// <param name="transposed">Mirror the window and exchange the channels while packing.</param>
    /// <param name="lanes">Floats per register.</param>
    /// <param name="alongTerms">Terms in the lanes; the terms of a kernel row must be a multiple of the lanes.</param>
    public static PackedWeight Create(HostDevice host, in ConvolutionShape shape, float* weight, bool transposed, int lanes, bool alongTerms)
    {
        var blocks = new ChannelBlocks(shape.OutputChannels, alongTerms ? 1 : lanes);
        using var holdings = new Holdings();
        var values = holdings.Allocate<float>(host, (long)blocks.PaddedChannels * shape.Terms, "Convolution packed weight");
        var packed = new PackedWeight(holdings, values.HostAddress, blocks, shape.Terms, lanes, alongTerms);
        if (alongTerms)
            packed.PackAlongTerms(shape, weight, transposed);
        else
            host.Workers.Run(blocks.Count * shape.Taps, new Body(packed, shape, weight, transposed), minimumPerWorker: 4);
        holdings.Share();
        return packed;
    }

    public void Dispose() => _holdings.Dispose();

    private void PackAlongTerms(in ConvolutionShape shape, float* weight, bool transposed)
    {
        for (var channel = 0; channel < shape.OutputChannels; channel++)
        {
            var block = channel / Blocks.Width;
            var (width, first) = (Blocks.WidthOf(block), channel - block * Blocks.Width);
            for (var term = 0; term < Terms; term++)
            {
                var (tap, c) = (term / shape.InputChannels, term % shape.InputChannels);
                Block(block)[(term / Lanes * width + first) * Lanes + term % Lanes] = transposed
                    ? weight[((long)(shape.Taps - 1 - tap) * shape.OutputChannels + channel) * shape.InputChannels + c]
                    : weight[(long)term * shape.OutputChannels + channel];
            }
        }
    }

    private readonly struct Body(PackedWeight packed, ConvolutionShape shape, float* weight, bool transposed) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
            {
                var (block, tap) = (i / shape.Taps, i % shape.Taps);
                var width = packed.Blocks.WidthOf(block);
                var first = block * packed.Blocks.Width;
                var channels = Math.Min(width, shape.OutputChannels - first);
                var target = packed.Block(block) + (long)tap * shape.InputChannels * width;
                if (transposed)
                {
                    var source = weight + ((long)(shape.Taps - 1 - tap) * shape.OutputChannels + first) * shape.InputChannels;
                    for (var o = 0; o < width; o++)
                    {
                        for (var c = 0; c < shape.InputChannels; c++)
                            target[(long)c * width + o] = o < channels ? source[(long)o * shape.InputChannels + c] : 0;
                    }
                }
                else
                {
                    var source = weight + (long)tap * shape.InputChannels * shape.OutputChannels + first;
                    for (var c = 0; c < shape.InputChannels; c++, target += width, source += shape.OutputChannels)
                    {
                        new ReadOnlySpan<float>(source, channels).CopyTo(new Span<float>(target, channels));
                        new Span<float>(target + channels, width - channels).Clear();
                    }
                }
            }
        }
    }
}

/// <summary>Output channels in blocks of two registers; the last block has one register where that holds the rest.</summary>
internal readonly struct ChannelBlocks
{
    public ChannelBlocks(int channels, int lanes)
    {
        Channels = channels;
        Lanes = lanes;
        Count = (channels + Width - 1) / Width;
        PaddedChannels = (channels + lanes - 1) / lanes * lanes;
    }

    public int Channels { get; }

    public int Lanes { get; }

    public int Count { get; }

    public int PaddedChannels { get; }

    /// <summary>Channels of every block but perhaps the last.</summary>
    public int Width => 2 * Lanes;

    /// <summary>Blocks of two registers.</summary>
    public int Wide => PaddedChannels / Width;

    /// <summary>Channels of a block, zeros included.</summary>
    public int WidthOf(int block) => block < Wide ? Width : Lanes;
}
