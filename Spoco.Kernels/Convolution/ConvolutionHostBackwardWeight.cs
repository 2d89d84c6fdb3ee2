using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Weight gradient: for every position of the kernel window the product of [Cin] shifted input columns with [Cout] output gradients, summed over
/// voxels. A part of the image is walked in blocks of about <see cref="BlockColumns"/> columns, whose gradients and input rows are packed into
/// scratch memory that fits the caches, with their zeros at the border; the sum over a block is formed in registers and added to the partial gradient
/// of the part. Work items are parts times ranges of output channels. The parts depend on the shape alone and their gradients are added in their order: any number of
/// workers gives the same bits.
/// </summary>
internal static unsafe class ConvolutionHostBackwardWeight<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    private const int BlockColumns = 256;

    /// <summary>Most memory for the partial gradients of all parts; where it is not enough, workers share channels rather than the image.</summary>
    private const long PartialBytes = 16 << 20;

    /// <summary>Fewest columns of a part: adding its gradient to the others then costs next to nothing.</summary>
    private const int PartColumns = 512;

    /// <summary>
    /// So many input channels stay together, and a tile covers several columns of the kernel window. More would put neighbouring columns so far apart
    /// that a block does not fit the first-level cache: they are packed in groups of a tile's rows.
    /// </summary>
    private const int FewChannels = 32;

    public static void Run(HostDevice host, in ConvolutionShape shape, float* x, float* dy, float* dweight)
    {
        var plan = new Plan(shape, host.Workers.Workers, x, dy);
        var scratchBytes = plan.ScratchBytes;
        using var memory = host.Allocate<byte>(scratchBytes * host.Workers.Workers + plan.Parts * plan.PartialLength * sizeof(float),
            "Convolution weight gradient").Memory;
        plan.Scratch = (byte*)memory.Block.Pointer;
        plan.Partials = (float*)(plan.Scratch + scratchBytes * host.Workers.Workers);
        host.Workers.RunPieces(plan.Parts * plan.Ranges, new Body(plan));
        host.Workers.Run(shape.Terms, new Sum(plan, dweight), minimumPerWorker: 64);
    }

    private struct Plan
    {
        public readonly ConvolutionShape Shape;
        public readonly TensorShape Output;
        public readonly ChannelBlocks Blocks;
        public readonly float* X;
        public readonly float* Dy;
        public readonly int RowTerms;
        public readonly int Parts;
        public readonly int Ranges;
        public readonly long PartialLength;
        public readonly int BlockRows;
        public readonly int BlockWidth;
        public readonly int BlocksPerSlice;
        public readonly int BlocksPerRow;
        public readonly int PaddedWidth;
        public readonly bool IsDirect;
        public byte* Scratch;
        public float* Partials;

        public Plan(in ConvolutionShape shape, int workers, float* x, float* dy)
        {
            Shape = shape;
            Output = shape.Output;
            X = x;
            Dy = dy;
            Blocks = new ChannelBlocks(shape.OutputChannels, TSimd.Lanes);
            RowTerms = shape.KernelW * shape.InputChannels;
            PartialLength = (long)shape.Terms * Blocks.PaddedChannels;

            // Rows of up to 1.5 blocks are not cut.
            BlocksPerRow = Output.W <= BlockColumns * 3 / 2 ? 1 : CeilingDivide(Output.W, BlockColumns);
            BlockWidth = CeilingDivide(Output.W, BlocksPerRow);
            BlocksPerRow = CeilingDivide(Output.W, BlockWidth);
            BlockRows = Math.Clamp(BlockColumns / BlockWidth, 1, Output.H);
            BlockRows = CeilingDivide(Output.H, CeilingDivide(Output.H, BlockRows));
            BlocksPerSlice = CeilingDivide(Output.H, BlockRows);
            PaddedWidth = BlockWidth + shape.KernelW - 1;

            // A matrix product on one row reads the input where it lies.
            IsDirect = shape.IsPointwise && Output.H == 1;

            // As many parts as columns and memory allow; where these are few, every worker gets a range of channels, which changes no sum.
            var columns = (long)Output.N * Output.D * Output.H * Output.W;
            Parts = (int)Math.Clamp(
                Math.Min(Math.Min(ImageBlocks, columns / PartColumns), PartialBytes / (PartialLength * sizeof(float))), 1, PartSums.Parts);
            Ranges = Math.Min(CeilingDivide(workers, Parts), Blocks.Count);
        }

        public readonly long ImageBlocks => (long)Output.N * Output.D * BlocksPerSlice * BlocksPerRow;

        public readonly long GradientBytes => Align((long)BlockRows * BlockWidth * Blocks.PaddedChannels * sizeof(float));

        public readonly long InputBytes => IsDirect
            ? 0
            : Align((long)(BlockRows + Shape.KernelH - 1) * PaddedWidth * Shape.InputChannels * sizeof(float));

        /// <summary>Per worker: packed output gradients, packed input rows, segments.</summary>
        public readonly long ScratchBytes => GradientBytes + InputBytes + Align(BlockRows * sizeof(TileSegment));

        public readonly float* Partial(int part, int block) => Partials + part * PartialLength + (long)Shape.Terms * Blocks.Width * block;

        private static long Align(long bytes) => (bytes + HostDevice.Alignment - 1) / HostDevice.Alignment * HostDevice.Alignment;

        private static int CeilingDivide(int a, int b) => (int)(((long)a + b - 1) / b);
    }

    private readonly struct Body(Plan plan) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var scratch = plan.Scratch + worker * plan.ScratchBytes;
            for (var i = from; i < until; i++)
            {
                var (part, range) = (i / plan.Ranges, i % plan.Ranges);
                var firstBlock = (int)((long)plan.Blocks.Count * range / plan.Ranges);
                var lastBlock = (int)((long)plan.Blocks.Count * (range + 1) / plan.Ranges);
                var first = plan.Partial(part, firstBlock);
                var end = lastBlock == plan.Blocks.Count ? plan.Partial(part + 1, 0) : plan.Partial(part, lastBlock);
                NativeMemory.Clear(first, (nuint)((byte*)end - (byte*)first));
                var last = plan.ImageBlocks * (part + 1) / plan.Parts;
                for (var b = plan.ImageBlocks * part / plan.Parts; b < last; b++)
                    ImageBlock(b, part, firstBlock, lastBlock, (float*)scratch, (float*)(scratch + plan.GradientBytes),
                        (TileSegment*)(scratch + plan.GradientBytes + plan.InputBytes));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void ImageBlock(long index, int part, int firstBlock, int lastBlock, float* gradients, float* inputs, TileSegment* segments)
        {
            ref readonly var shape = ref plan.Shape;
            var input = shape.Input;
            var channels = shape.InputChannels;
            var (perRow, perSlice) = (plan.BlocksPerRow, plan.BlocksPerSlice);
            var w = (int)(index % perRow) * plan.BlockWidth;
            var h = (int)(index / perRow % perSlice) * plan.BlockRows;
            var slice = index / perRow / perSlice;
            var (d, n) = ((int)(slice % plan.Output.D), slice / plan.Output.D);
            var columns = Math.Min(plan.BlockWidth, plan.Output.W - w);
            var rows = Math.Min(plan.BlockRows, plan.Output.H - h);
            var dy = plan.Dy + ((slice * plan.Output.H + h) * plan.Output.W + w) * plan.Output.C;
            var blockValues = (long)plan.BlockRows * plan.BlockWidth * plan.Blocks.Width;
            for (var block = firstBlock; block < lastBlock; block++)
                PackGradients(dy, rows, columns, block, gradients + (block - firstBlock) * blockValues);

            var maximum = RegisterTile.MaximumRows(TSimd.Lanes, plan.Blocks.WidthOf(firstBlock) / TSimd.Lanes);
            var inH = h - shape.PaddingH;
            var firstRow = Math.Max(0, -inH);
            var lastRow = Math.Min(rows + shape.KernelH - 1, input.H - inH);
            for (var i = 0; i < shape.KernelD; i++)
            {
                var inD = d + i - shape.PaddingD;
                if ((uint)inD >= (uint)input.D)
                    continue;
                var source = plan.X + ((n * input.D + inD) * input.H + inH) * input.W * channels;
                if (plan.IsDirect)
                    inputs = source + (long)w * channels;
                else
                    PackInput(source, w - shape.PaddingW, columns + shape.KernelW - 1, firstRow, lastRow, maximum, inputs);
                for (var block = firstBlock; block < lastBlock; block++)
                {
                    for (var j = 0; j < shape.KernelH; j++)
                        KernelRow(i, j, part, block, firstRow, lastRow, rows, columns, maximum, inputs,
                            gradients + (block - firstBlock) * blockValues, segments);
                }
            }
        }

        /// <summary>Adds the products of one row of the kernel window over a block of the image, rows that have an input only.</summary>
        private void KernelRow(
            int i, int j, int part, int block, int firstRow, int lastRow, int rows, int columns, int maximum, float* inputs, float* gradients,
            TileSegment* segments)
        {
            var width = plan.Blocks.WidthOf(block);
            var channels = plan.Shape.InputChannels;
            var count = 0;
            var first = Math.Max(firstRow - j, 0);
            for (var r = first; r < Math.Min(lastRow - j, rows); r++)
                segments[count++].B = (byte*)(gradients + (long)r * columns * width);
            if (count == 0)
                return;
            var target = plan.Partial(part, block) + (long)(i * plan.Shape.KernelH + j) * plan.RowTerms * width;
            var tile = new RegisterTile
            {
                Segments = segments,
                SegmentCount = count,
                Steps = columns,
                RowStride = sizeof(float),
                StrideC = width,
                Accumulate = true,
            };
            for (int channel = 0, group; channel < channels; channel += group)
            {
                group = Group(channels - channel, maximum);
                tile.StepStride = (nint)group * sizeof(float);
                for (var r = 0; r < count; r++)
                    segments[r].A = (byte*)(inputs + Panel(channel) + (long)(first + r + j) * plan.PaddedWidth * group);
                for (int term = 0, terms; term < plan.Shape.KernelW * group; term += terms)
                {
                    // All channels together: one run over the columns of the window; else one column after the other.
                    terms = group == channels ? RegisterTile.NextRows(plan.RowTerms - term, maximum) : group;
                    tile.OffsetA = (nint)term * sizeof(float);
                    var row = group == channels ? term : term / group * channels + channel;
                    tile.Run<TSimd, TVector>(terms, width / TSimd.Lanes, target + (long)row * width);
                }
            }
        }

        /// <summary>Input channels that lie side by side in the packed input: the rows of a tile, or all.</summary>
        private int Group(int remaining, int maximum) =>
            plan.IsDirect || plan.Shape.InputChannels <= FewChannels ? plan.Shape.InputChannels : RegisterTile.NextRows(remaining, maximum);

        /// <summary>Where the panel of a group of channels begins in the packed input.</summary>
        private long Panel(int channel) => (long)channel * (plan.BlockRows + plan.Shape.KernelH - 1) * plan.PaddedWidth;

        /// <summary>The channels of a block, [rows][columns][width], zeros beyond the last channel.</summary>
        private void PackGradients(float* dy, int rows, int columns, int block, float* target)
        {
            var width = plan.Blocks.WidthOf(block);
            var channel = block * plan.Blocks.Width;
            var valid = Math.Min(width, plan.Output.C - channel);
            for (var r = 0; r < rows; r++)
            {
                var source = dy + (long)r * plan.Output.W * plan.Output.C + channel;
                for (var c = 0; c < columns; c++, source += plan.Output.C, target += width)
                {
                    if (valid == width)
                    {
                        TSimd.Store(TSimd.Load(source), target);
                        if (width > TSimd.Lanes)
                            TSimd.Store(TSimd.Load(source + TSimd.Lanes), target + TSimd.Lanes);
                        continue;
                    }

                    for (var o = 0; o < width; o++)
                        target[o] = o < valid ? source[o] : 0;
                }
            }
        }

        /// <summary>Input rows as panels [group of channels][row][column][channel of the group], zeros left and right of the image.</summary>
        private void PackInput(float* x, int firstColumn, int columns, int firstRow, int lastRow, int maximum, float* target)
        {
            var channels = plan.Shape.InputChannels;
            var imageColumns = plan.Shape.Input.W;
            var before = Math.Clamp(-firstColumn, 0, columns);
            var after = Math.Clamp(firstColumn + columns - imageColumns, 0, columns - before);
            for (var r = firstRow; r < lastRow; r++)
            {
                var row = x + ((long)r * imageColumns + firstColumn + before) * channels;
                for (int channel = 0, group; channel < channels; channel += group)
                {
                    group = Group(channels - channel, maximum);
                    var panel = target + Panel(channel) + (long)r * plan.PaddedWidth * group;
                    new Span<float>(panel, before * group).Clear();
                    panel += before * group;
                    Gather(row + channel, columns - before - after, channels, group, panel);
                    new Span<float>(panel + (columns - before - after) * group, after * group).Clear();
                }
            }
        }

        /// <summary>Copies <paramref name="group"/> of every <paramref name="channels"/> values.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Gather(float* source, int count, int channels, int group, float* target)
        {
            if (group == channels)
            {
                new ReadOnlySpan<float>(source, count * channels).CopyTo(new Span<float>(target, count * channels));
                return;
            }

            for (var i = 0; i < count; i++, source += channels, target += group)
            {
                switch (group)
                {
                    case 4:
                        Vector128.Load(source).Store(target);
                        break;
                    case 5:
                        Vector128.Load(source).Store(target);
                        target[4] = source[4];
                        break;
                    case 6:
                        Vector128.Load(source).Store(target);
                        *(long*)(target + 4) = *(long*)(source + 4);
                        break;
                    case 12:
                        Vector256.Load(source).Store(target);
                        Vector128.Load(source + 8).Store(target + 8);
                        break;
                    default:
                        for (var c = 0; c < group; c++)
                            target[c] = source[c];
                        break;
                }
            }
        }
    }

    /// <summary>Adds the partial gradients, part 0 first.</summary>
    private readonly struct Sum(Plan plan, float* dweight) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var block = 0; block < plan.Blocks.Count; block++)
            {
                var width = plan.Blocks.WidthOf(block);
                var channel = block * plan.Blocks.Width;
                var valid = Math.Min(width, plan.Output.C - channel);
                for (var part = 0; part < plan.Parts; part++)
                {
                    var source = plan.Partial(part, block);
                    for (var term = from; term < until; term++)
                    {
                        var target = dweight + (long)term * plan.Output.C + channel;
                        for (var c = 0; c < valid; c++)
                            target[c] = part == 0 ? source[(long)term * width + c] : target[c] + source[(long)term * width + c];
                    }
                }
            }
        }
    }
}
