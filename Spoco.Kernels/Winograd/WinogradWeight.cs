using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transformed weights, packed for register tiles as U[frequency][block of channels][terms][channels of the block], and the way back for the
/// gradient.
/// </summary>
internal static unsafe class WinogradWeight
{
    /// <summary>
    /// Floats from one frequency to the next: not a power of two, so that frequencies do not compete for the same places of the
    /// cache.
    /// </summary>
    public static long FrequencyStride(ChannelBlocks blocks, int terms) => (long)terms * blocks.PaddedChannels + HostDevice.Alignment / sizeof(float);

    /// <summary>
    /// Transforms the weight of a target's channels. For the input gradient terms are output channels, channels are input channels, and the window is
    /// mirrored. Frequencies that an enlarged tensor does not have are left out.
    /// </summary>
    public static void Pack(HostDevice host, in WinogradPass pass, in WinogradTarget target, ChannelBlocks blocks, float* u)
    {
        switch (pass.Grid.Results, pass.Grid.UpPlane)
        {
            case (2, _):
                Pack<TwoResults>(host, pass, target, blocks, u);
                break;
            case (_, true):
                Pack<FourResults<EnlargedPoints>>(host, pass, target, blocks, u);
                break;
            default:
                Pack<FourResults<AccuratePoints>>(host, pass, target, blocks, u);
                break;
        }
    }

    /// <summary>Transforms the gradient of U back to the gradient of the weight.</summary>
    public static void Unpack(
        HostDevice host, in WinogradGrid grid, float* du, int firstHalfChannel, ChannelBlocks blocks, int terms, float* dweight)
    {
        switch (grid.Results, grid.UpPlane)
        {
            case (2, _):
                Unpack<TwoResults>(host, grid, du, firstHalfChannel, blocks, terms, dweight);
                break;
            case (_, true):
                Unpack<FourResults<EnlargedPoints>>(host, grid, du, firstHalfChannel, blocks, terms, dweight);
                break;
            default:
                Unpack<FourResults<AccuratePoints>>(host, grid, du, firstHalfChannel, blocks, terms, dweight);
                break;
        }
    }

    private static void Pack<TPlane>(HostDevice host, in WinogradPass pass, in WinogradTarget target, ChannelBlocks blocks, float* u)
        where TPlane : struct, IWinogradFullAxis =>
        host.Workers.Run(checked(blocks.Count * (pass.Terms / Vector<float>.Count)), new PackBody<TPlane>(pass, target, blocks, u),
            minimumPerWorker: 2);

    private static void Unpack<TPlane>(
        HostDevice host, in WinogradGrid grid, float* du, int firstHalfChannel, ChannelBlocks blocks, int terms, float* dweight)
        where TPlane : struct, IWinogradFullAxis =>
        host.Workers.Run(checked(terms * (blocks.Channels / Vector<float>.Count)),
            new UnpackBody<TPlane>(grid, du, firstHalfChannel, blocks, terms, dweight), minimumPerWorker: 16);

    /// <summary>Three taps to frequencies.</summary>
    private static void Forward<TAxis>(float* source, nint sourceStride, float* target, nint targetStride) where TAxis : struct, IWinogradFullAxis
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride), c = Vector.Load(source + 2 * sourceStride);
        TAxis.Weight(ref a, ref b, ref c, out var d, out var e, out var f);
        WinogradFrequencies.Store<TAxis>(target, targetStride, a, b, c, d, e, f);
    }

    /// <summary>The transpose of <see cref="Forward"/>.</summary>
    private static void Adjoint<TAxis>(float* source, nint sourceStride, float* target, nint targetStride) where TAxis : struct, IWinogradFullAxis
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride);
        Vector<float> c = Vector.Load(source + 2 * sourceStride), d = Vector.Load(source + 3 * sourceStride), e = default, f = default;
        if (TAxis.Frequencies > 4)
            (e, f) = (Vector.Load(source + 4 * sourceStride), Vector.Load(source + 5 * sourceStride));
        TAxis.Taps(ref a, ref b, ref c, d, e, f);
        a.Store(target);
        b.Store(target + targetStride);
        c.Store(target + 2 * targetStride);
    }

    /// <summary>Where the values of a vector of channels lie within a frequency of a packed weight.</summary>
    private static long Place(ChannelBlocks blocks, int channel, int term, int terms)
    {
        var block = channel / blocks.Width;
        return (long)block * blocks.Width * terms + (long)term * blocks.WidthOf(block) + channel % blocks.Width;
    }

    /// <summary>Items are a vector of terms of one block of channels.</summary>
    private readonly struct PackBody<TPlane>(WinogradPass pass, WinogradTarget target, ChannelBlocks blocks, float* u) : IParallelBody
        where TPlane : struct, IWinogradFullAxis
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            var grid = pass.Grid;
            var tapStride = lanes * lanes;
            var taps = stackalloc float[27 * tapStride];
            var values = stackalloc float[grid.Frequencies * lanes];
            var stride = FrequencyStride(blocks, pass.Terms);
            for (var i = from; i < until; i++)
            {
                var (block, term) = (i / (pass.Terms / lanes), i % (pass.Terms / lanes) * lanes);
                var half = target.Half || (pass.SecondSource.Values != null && term >= pass.Source.Shape.C);
                for (var c = block * blocks.Width; c < block * blocks.Width + blocks.WidthOf(block); c += lanes)
                {
                    Gather(c, term, taps, lanes);
                    var place = u + Place(blocks, c, term, pass.Terms);
                    for (var t = 0; t < lanes; t++, place += blocks.WidthOf(block))
                    {
                        Transform(grid, taps + t * lanes, tapStride, values, lanes);
                        for (var f = 0; f < grid.Frequencies; f++)
                        {
                            if (!half || grid.InHalf(f))
                                Vector.Load(values + f * lanes).Store(place + f * stride);
                        }
                    }
                }
            }
        }

        /// <summary>[kd][kh][kw] to [kd][kh][s], [kd][s][s] and [4][s][s].</summary>
        private static void Transform(in WinogradGrid grid, float* taps, nint tapStride, float* values, int lanes)
        {
            var (line, plane) = (TPlane.Frequencies * lanes, TPlane.Frequencies * TPlane.Frequencies * lanes);
            for (var kd = 0; kd < (grid.Deep ? 3 : 1); kd++)
            {
                for (var kh = 0; kh < 3; kh++)
                    Forward<TPlane>(taps + (3 * kd + kh) * 3 * tapStride, tapStride, values + kd * plane + kh * line, lanes);
                for (var f = 0; f < TPlane.Frequencies; f++)
                    Forward<TPlane>(values + kd * plane + f * lanes, line, values + kd * plane + f * lanes, line);
            }

            if (!grid.Deep)
                return;
            for (var f = 0; f < plane; f += lanes)
                Forward<TwoResults>(values + f, plane, values + f, plane);
        }

        /// <summary>[tap][term][channel] of a vector of terms and one of channels; zeros beyond the last channel.</summary>
        private void Gather(int channel, int term, float* taps, int lanes)
        {
            if (channel >= blocks.Channels)
            {
                new Span<float>(taps, 27 * lanes * lanes).Clear();
                return;
            }

            var shape = pass.WeightShape;
            for (var tap = 0; tap < pass.Grid.Taps; tap++, taps += lanes * lanes)
            {
                if (!pass.Transposed)
                {
                    for (var t = 0; t < lanes; t++)
                        Vector.Load(pass.Weight + ((long)tap * shape.Inputs + term + t) * shape.Outputs + target.FirstChannel + channel).Store(taps + t * lanes);
                    continue;
                }

                var source = pass.Weight + ((long)(pass.Grid.Taps - 1 - tap) * shape.Inputs + target.FirstChannel + channel) * shape.Outputs + term;
                for (var lane = 0; lane < lanes; lane++, source += shape.Outputs)
                {
                    for (var t = 0; t < lanes; t++)
                        taps[t * lanes + lane] = source[t];
                }
            }
        }
    }

    private readonly struct UnpackBody<TPlane>(
        WinogradGrid grid, float* du, int firstHalfChannel, ChannelBlocks blocks, int terms, float* dweight) : IParallelBody
        where TPlane : struct, IWinogradFullAxis
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            var values = stackalloc float[grid.Frequencies * lanes];
            var frequencyStride = FrequencyStride(blocks, terms);
            for (var i = from; i < until; i++)
            {
                var (channel, term) = (i % (blocks.Channels / lanes) * lanes, i / (blocks.Channels / lanes));
                var source = du + Place(blocks, channel, term, terms);
                for (var f = 0; f < grid.Frequencies; f++)
                {
                    var value = term < firstHalfChannel || grid.InHalf(f) ? Vector.Load(source + f * frequencyStride) : Vector<float>.Zero;
                    value.Store(values + f * lanes);
                }

                var (line, plane) = (TPlane.Frequencies * lanes, TPlane.Frequencies * TPlane.Frequencies * lanes);
                if (grid.Deep)
                {
                    for (var f = 0; f < plane; f += lanes)
                        Adjoint<TwoResults>(values + f, plane, values + f, plane);
                }

                var target = dweight + (long)term * blocks.Channels + channel;
                for (var kd = 0; kd < (grid.Deep ? 3 : 1); kd++)
                {
                    for (var f = 0; f < TPlane.Frequencies; f++)
                        Adjoint<TPlane>(values + kd * plane + f * lanes, line, values + kd * plane + f * lanes, line);
                    for (var kh = 0; kh < 3; kh++)
                    {
                        var tapStride = (long)terms * blocks.Channels;
                        Adjoint<TPlane>(values + kd * plane + kh * line, lanes, target + (3 * kd + kh) * 3 * tapStride, (nint)tapStride);
                    }
                }
            }
        }
    }
}
