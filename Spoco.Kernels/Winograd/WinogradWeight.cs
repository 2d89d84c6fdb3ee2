using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transformed weights, packed for register tiles as U[frequency][block of channels][terms][channels of the block], and the way back for the gradient.
/// Along each axis (a, b, c) becomes (a, (a + b + c) / 2, (a - b + c) / 2, c).
/// </summary>
internal static unsafe class WinogradWeight
{
    /// <summary>Transforms the weight of a target's channels.</summary>
    /// <param name="host">Device.</param>
    /// <param name="grid">Tiles.</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout] of the forward convolution.</param>
    /// <param name="shape">Shape of <paramref name="weight"/>.</param>
    /// <param name="transposed">Whether the input gradient is wanted: terms are output channels, channels are input channels, the window mirrored.</param>
    /// <param name="firstChannel">First channel of the target.</param>
    /// <param name="blocks">Channels of the target.</param>
    /// <param name="u">Result.</param>
    public static void Pack(
        HostDevice host, in WinogradGrid grid, float* weight, TensorShape shape, bool transposed, int firstChannel, ChannelBlocks blocks, float* u)
    {
        var terms = transposed ? shape.C : shape.W;
        host.Workers.Run(checked(terms * (blocks.PaddedChannels / Vector<float>.Count)),
            new PackBody(grid, weight, shape, transposed, firstChannel, blocks, terms, u), minimumPerWorker: 16);
    }

    /// <summary>Transforms the gradient of U back to the gradient of the weight.</summary>
    public static void Unpack(HostDevice host, in WinogradGrid grid, float* du, int firstHalfChannel, ChannelBlocks blocks, int terms, float* dweight) =>
        host.Workers.Run(checked(terms * (blocks.Channels / Vector<float>.Count)),
            new UnpackBody(grid, du, firstHalfChannel, blocks, terms, dweight), minimumPerWorker: 16);

    /// <summary>(a, b, c) to four frequencies.</summary>
    private static void Forward(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride), c = Vector.Load(source + 2 * sourceStride);
        var half = new Vector<float>(0.5f);
        var ends = (a + c) * half;
        a.Store(target);
        Vector.MultiplyAddEstimate(b, half, ends).Store(target + targetStride);
        Vector.MultiplyAddEstimate(-b, half, ends).Store(target + 2 * targetStride);
        c.Store(target + 3 * targetStride);
    }

    /// <summary>The transpose of <see cref="Forward"/>.</summary>
    private static void Adjoint(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride);
        Vector<float> c = Vector.Load(source + 2 * sourceStride), d = Vector.Load(source + 3 * sourceStride);
        var half = new Vector<float>(0.5f);
        var middle = (b + c) * half;
        (a + middle).Store(target);
        ((b - c) * half).Store(target + targetStride);
        (d + middle).Store(target + 2 * targetStride);
    }

    /// <summary>Where the values of a vector of channels lie within a frequency of a packed weight.</summary>
    private static long Place(ChannelBlocks blocks, int channel, int term, int terms)
    {
        var block = channel / blocks.Width;
        return (long)block * blocks.Width * terms + (long)term * blocks.WidthOf(block) + channel % blocks.Width;
    }

    private readonly struct PackBody(
        WinogradGrid grid, float* weight, TensorShape shape, bool transposed, int firstChannel, ChannelBlocks blocks, int terms, float* u) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            var taps = stackalloc float[27 * lanes];
            var values = stackalloc float[64 * lanes];
            var frequencyStride = (long)terms * blocks.PaddedChannels;
            for (var i = from; i < until; i++)
            {
                var (channel, term) = (i / terms * lanes, i % terms);
                Gather(channel, term, taps, lanes);
                // [kd][kh][kw] -> [kd][kh][4] -> [kd][4][4] -> [4][4][4].
                var slices = grid.Deep ? 3 : 1;
                for (var kd = 0; kd < slices; kd++)
                {
                    for (var kh = 0; kh < 3; kh++)
                        Forward(taps + (3 * kd + kh) * 3 * lanes, lanes, values + (4 * kd + kh) * 4 * lanes, lanes);
                    for (var f = 0; f < 4; f++)
                        Forward(values + (16 * kd + f) * lanes, 4 * lanes, values + (16 * kd + f) * lanes, 4 * lanes);
                }

                if (grid.Deep)
                {
                    for (var f = 0; f < 16; f++)
                        Forward(values + f * lanes, 16 * lanes, values + f * lanes, 16 * lanes);
                }

                var target = u + Place(blocks, channel, term, terms);
                for (var f = 0; f < grid.Frequencies; f++)
                    Vector.Load(values + f * lanes).Store(target + f * frequencyStride);
            }
        }

        /// <summary>The taps of one term for a vector of channels; zeros beyond the last channel.</summary>
        private void Gather(int channel, int term, float* target, int lanes)
        {
            if (channel >= blocks.Channels)
            {
                new Span<float>(target, 27 * lanes).Clear();
                return;
            }

            for (var tap = 0; tap < grid.Taps; tap++, target += lanes)
            {
                if (!transposed)
                {
                    Vector.Load(weight + ((long)tap * shape.W + term) * shape.C + firstChannel + channel).Store(target);
                    continue;
                }

                var source = weight + ((long)(grid.Taps - 1 - tap) * shape.W + firstChannel + channel) * shape.C + term;
                for (var lane = 0; lane < lanes; lane++)
                    target[lane] = source[(long)lane * shape.C];
            }
        }
    }

    private readonly struct UnpackBody(WinogradGrid grid, float* du, int firstHalfChannel, ChannelBlocks blocks, int terms, float* dweight) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            var values = stackalloc float[64 * lanes];
            var frequencyStride = (long)terms * blocks.PaddedChannels;
            for (var i = from; i < until; i++)
            {
                var (channel, term) = (i % (blocks.Channels / lanes) * lanes, i / (blocks.Channels / lanes));
                var source = du + Place(blocks, channel, term, terms);
                for (var f = 0; f < grid.Frequencies; f++)
                {
                    var value = term < firstHalfChannel || grid.InHalf(f) ? Vector.Load(source + f * frequencyStride) : Vector<float>.Zero;
                    value.Store(values + f * lanes);
                }

                if (grid.Deep)
                {
                    for (var f = 0; f < 16; f++)
                        Adjoint(values + f * lanes, 16 * lanes, values + f * lanes, 16 * lanes);
                }

                var target = dweight + (long)term * blocks.Channels + channel;
                for (var kd = 0; kd < (grid.Deep ? 3 : 1); kd++)
                {
                    for (var f = 0; f < 4; f++)
                        Adjoint(values + (16 * kd + f) * lanes, 4 * lanes, values + (16 * kd + f) * lanes, 4 * lanes);
                    for (var kh = 0; kh < 3; kh++)
                    {
                        var tapStride = (long)terms * blocks.Channels;
                        Adjoint(values + (16 * kd + 4 * kh) * lanes, lanes, target + (3 * kd + kh) * 3 * tapStride, (nint)tapStride);
                    }
                }
            }
        }
    }
}
