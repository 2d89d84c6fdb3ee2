using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Weight gradient: for every kernel row (i, j) the product of [kW Cin] shifted input columns with [Cout] output gradients, summed over voxels.
/// Work items are channel blocks times parts of the image; each sums into its own partial gradient, packed like a weight, and the partial
/// gradients are added in a fixed order. A part is walked in blocks of about <see cref="BlockColumns"/> columns, whose gradients (packed) and
/// input rows (with their zeros at the border) fit the caches and whose sum is formed in registers.
/// </summary>
internal static unsafe class ConvolutionHostBackwardWeight<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    private const int BlockColumns = 256;

    public static void Run(HostDevice host, in ConvolutionShape shape, float* x, float* dy, float* dweight)
    {
        var plan = new Plan(shape, host.Workers.Workers, x, dy);
        var scratchBytes = plan.ScratchBytes;
        using var memory = host.Allocate<byte>(scratchBytes * host.Workers.Workers + (long)plan.Parts * plan.PartialLength * sizeof(float),
            "Convolution weight gradient").Memory;
        plan.Scratch = (byte*)memory.Block.Pointer;
        plan.Partials = (float*)(plan.Scratch + scratchBytes * host.Workers.Workers);
        host.Workers.Run(plan.Blocks.Count * plan.Parts, new Body(plan));
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
        public readonly long PartialLength;
        public readonly int BlockRows;
        public readonly int BlockWidth;
        public readonly int BlocksPerSlice;
        public readonly int BlocksPerRow;
        public readonly int PaddedWidth;
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

            // As few parts per channel block as give every worker the same number of items.
            Parts = (int)Math.Min(workers / GreatestCommonDivisor(workers, Blocks.Count), ImageBlocks);
        }

        public readonly long ImageBlocks => (long)Output.N * Output.D * BlocksPerSlice * BlocksPerRow;

        public readonly long GradientBytes => Align((long)BlockRows * BlockWidth * Blocks.Width * sizeof(float));

        public readonly long InputBytes => Align((long)(BlockRows + Shape.KernelH - 1) * PaddedWidth * Shape.InputChannels * sizeof(float));

        /// <summary>Per worker: packed output gradients, input rows, segments.</summary>
        public readonly long ScratchBytes => GradientBytes + InputBytes + Align(BlockRows * sizeof(TileSegment));

        public readonly float* Partial(int block, int part) =>
            Partials + (long)Parts * Shape.Terms * Blocks.Width * block + (long)part * Shape.Terms * Blocks.WidthOf(block);

        private static long Align(long bytes) => (bytes + HostDevice.Alignment - 1) / HostDevice.Alignment * HostDevice.Alignment;

        private static int CeilingDivide(int a, int b) => (int)(((long)a + b - 1) / b);

        private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
    }

    private readonly struct Body(Plan plan) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var scratch = plan.Scratch + worker * plan.ScratchBytes;
            for (var i = from; i < until; i++)
            {
                var (block, part) = (i / plan.Parts, i % plan.Parts);
                var partial = plan.Partial(block, part);
                new Span<byte>(partial, checked(plan.Shape.Terms * plan.Blocks.WidthOf(block) * sizeof(float))).Clear();
                var last = plan.ImageBlocks * (part + 1) / plan.Parts;
                for (var b = plan.ImageBlocks * part / plan.Parts; b < last; b++)
                    ImageBlock(b, block, partial, (float*)scratch, (float*)(scratch + plan.GradientBytes),
                        (TileSegment*)(scratch + plan.GradientBytes + plan.InputBytes));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void ImageBlock(long index, int block, float* partial, float* gradients, float* inputs, TileSegment* segments)
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
            var width = plan.Blocks.WidthOf(block);
            PackGradients(plan.Dy + ((slice * plan.Output.H + h) * plan.Output.W + w) * plan.Output.C, rows, columns, block, gradients);

            var rowValues = plan.PaddedWidth * channels;
            var tile = new RegisterTile
            {
                Segments = segments,
                Steps = columns,
                RowStride = sizeof(float),
                StepStride = (nint)channels * sizeof(float),
                StrideC = width,
                Accumulate = true,
            };
            var maximum = RegisterTile.MaximumRows(TSimd.Lanes, width / TSimd.Lanes);
            for (var i = 0; i < shape.KernelD; i++)
            {
                var inD = d + i - shape.PaddingD;
                if ((uint)inD >= (uint)input.D)
                    continue;
                var inH = h - shape.PaddingH;
                var source = plan.X + (n * input.D + inD) * input.H * input.W * channels;
                for (var r = Math.Max(0, -inH); r < Math.Min(rows + shape.KernelH - 1, input.H - inH); r++)
                    CopyRow(source + (long)(inH + r) * input.W * channels, (long)(w - shape.PaddingW) * channels,
                        (columns + shape.KernelW - 1) * channels, (long)input.W * channels, inputs + (long)r * rowValues);
                for (var j = 0; j < shape.KernelH; j++)
                {
                    var count = 0;
                    for (var r = 0; r < rows; r++)
                    {
                        if ((uint)(inH + r + j) >= (uint)input.H)
                            continue;
                        segments[count].A = (byte*)(inputs + (long)(r + j) * rowValues);
                        segments[count].B = (byte*)(gradients + (long)r * columns * width);
                        count++;
                    }

                    if (count == 0)
                        continue;
                    tile.SegmentCount = count;
                    var target = partial + (long)(i * shape.KernelH + j) * plan.RowTerms * width;
                    for (int term = 0, terms; term < plan.RowTerms; term += terms)
                    {
                        terms = RegisterTile.NextRows(plan.RowTerms - term, maximum);
                        tile.OffsetA = (nint)term * sizeof(float);
                        tile.Run<TSimd, TVector>(terms, width / TSimd.Lanes, target + (long)term * width);
                    }
                }
            }
        }

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
                    new ReadOnlySpan<float>(source, valid).CopyTo(new Span<float>(target, valid));
                    new Span<float>(target + valid, width - valid).Clear();
                }
            }
        }

        /// <summary>Copies <paramref name="length"/> values of a row of <paramref name="end"/>, from <paramref name="first"/> on; zeros outside the row.</summary>
        private static void CopyRow(float* row, long first, int length, long end, float* target)
        {
            var before = (int)Math.Clamp(-first, 0, length);
            var after = (int)Math.Clamp(first + length - end, 0, length - before);
            new Span<float>(target, before).Clear();
            new ReadOnlySpan<float>(row + first + before, length - before - after).CopyTo(new Span<float>(target + before, length - before - after));
            new Span<float>(target + length - after, after).Clear();
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
                    var source = plan.Partial(block, part);
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
