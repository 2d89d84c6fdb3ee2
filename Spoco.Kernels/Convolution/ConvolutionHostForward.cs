using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Forward convolution (and input gradient, with the transposed weight). Work items are strips of output rows, for groups of channel blocks whose
/// packed weight stays in the second-level cache. Long sums are cut into chunks of about <see cref="ChunkTerms"/> terms, each summed in registers and
/// then added to y: the weight of a chunk stays in the cache for several strips, and rounding does not grow with the number of chunks.
/// </summary>
internal static unsafe class ConvolutionHostForward<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    private const int ChunkTerms = 768;
    private const int GroupBytes = 256 * 1024;
    private const int StripColumns = 96;
    private const int BatchColumns = 192;

    public static void Run(
        HostDevice host, in ConvolutionShape shape, float* x, PackedWeight weight, float* bias, float* y, ActivationFunction activation)
    {
        var plan = new Plan(shape, weight, x, y, activation);
        var scratchBytes = plan.ScratchBytes;
        using var memory = host.Allocate<byte>(scratchBytes * host.Workers.Workers + (long)weight.Blocks.PaddedChannels * sizeof(float),
            "Convolution scratch").Memory;
        plan.Scratch = (byte*)memory.Block.Pointer;
        if (bias != null)
        {
            // Padded to whole registers: the tiles start from it.
            plan.Bias = (float*)(plan.Scratch + scratchBytes * host.Workers.Workers);
            new ReadOnlySpan<float>(bias, shape.OutputChannels).CopyTo(new Span<float>(plan.Bias, shape.OutputChannels));
            new Span<float>(plan.Bias + shape.OutputChannels, weight.Blocks.PaddedChannels - shape.OutputChannels).Clear();
        }

        for (var group = 0; group < plan.Groups; group += plan.GroupsPerLaunch)
            host.Workers.Run(plan.Strips * Math.Min(plan.GroupsPerLaunch, plan.Groups - group), new Body(plan, group));
    }

    private struct Plan
    {
        public readonly ConvolutionShape Shape;
        public readonly PackedWeight Weight;
        public readonly ActivationFunction Activation;
        public readonly float* X;
        public readonly float* Y;
        public readonly TensorShape Output;
        public readonly int RowTerms;
        public readonly int KernelRows;
        public readonly int RowsPerChunk;
        public readonly int PartsPerRow;
        public readonly int TermsPerPart;
        public readonly int Chunks;
        public readonly int BlocksPerGroup;
        public readonly int WideGroups;
        public readonly int Groups;
        public readonly int GroupsPerLaunch;
        public readonly int StripWidth;
        public readonly int StripsPerRow;
        public readonly int Strips;
        public readonly int BatchStrips;
        public readonly int BorderValues;
        public byte* Scratch;
        public float* Bias;

        public Plan(in ConvolutionShape shape, PackedWeight weight, float* x, float* y, ActivationFunction activation)
        {
            Shape = shape;
            Weight = weight;
            X = x;
            Y = y;
            Activation = activation;
            Output = shape.Output;
            RowTerms = shape.KernelW * shape.InputChannels;
            KernelRows = shape.KernelD * shape.KernelH;
            PartsPerRow = CeilingDivide(RowTerms, ChunkTerms * 3 / 2);
            TermsPerPart = CeilingDivide(CeilingDivide(RowTerms, PartsPerRow), TSimd.TermsPerStep) * TSimd.TermsPerStep;
            PartsPerRow = CeilingDivide(RowTerms, TermsPerPart);
            var rowChunks = PartsPerRow > 1 ? KernelRows : CeilingDivide(KernelRows, Math.Max(1, ChunkTerms / RowTerms));
            RowsPerChunk = CeilingDivide(KernelRows, rowChunks);
            rowChunks = CeilingDivide(KernelRows, RowsPerChunk);
            Chunks = rowChunks * PartsPerRow;

            var chunkBytes = (long)RowsPerChunk * TermsPerPart * weight.Blocks.Width * sizeof(float);
            BlocksPerGroup = (int)Math.Max(1, GroupBytes / chunkBytes);
            WideGroups = CeilingDivide(weight.Blocks.Wide, BlocksPerGroup);
            Groups = WideGroups + (weight.Blocks.Count - weight.Blocks.Wide);

            StripsPerRow = CeilingDivide(Output.W, StripColumns);
            StripWidth = CeilingDivide(CeilingDivide(Output.W, StripsPerRow), 12) * 12;
            StripsPerRow = CeilingDivide(Output.W, StripWidth);
            Strips = checked((int)((long)Output.N * Output.D * Output.H * StripsPerRow));
            GroupsPerLaunch = Math.Max(1, int.MaxValue / Strips);
            BatchStrips = Math.Max(1, BatchColumns / Math.Min(StripWidth, Output.W));
            BorderValues = (RegisterTile.MaximumRows(TSimd.Lanes, 1) - 1) * shape.InputChannels + TermsPerPart;
        }

        /// <summary>Per worker: two lists of segments, and a copy of what a border tile reads.</summary>
        public readonly long ScratchBytes =>
            Align(2L * RowsPerChunk * sizeof(TileSegment)) + Align((long)RowsPerChunk * BorderValues * sizeof(float));

        public static long Align(long bytes) => (bytes + HostDevice.Alignment - 1) / HostDevice.Alignment * HostDevice.Alignment;

        private static int CeilingDivide(int a, int b) => (int)(((long)a + b - 1) / b);
    }

    private readonly struct Body(Plan plan, int firstGroup) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var segments = (TileSegment*)(plan.Scratch + worker * plan.ScratchBytes);
            for (var i = from; i < until;)
            {
                var group = firstGroup + i / plan.Strips;
                var strip = i % plan.Strips;
                var last = Math.Min(strip + Math.Min(plan.BatchStrips, until - i), plan.Strips);
                i += last - strip;
                for (var chunk = 0; chunk < plan.Chunks; chunk++)
                {
                    for (var s = strip; s < last; s++)
                        Strip(s, group, chunk, segments);
                }

                if (plan.Activation.Kind == ActivationKind.Identity)
                    continue;
                for (var s = strip; s < last; s++)
                    Activate(s, group);
            }
        }

        private (int First, int Last) BlocksOf(int group) => group < plan.WideGroups
            ? (group * plan.BlocksPerGroup, Math.Min((group + 1) * plan.BlocksPerGroup, plan.Weight.Blocks.Wide))
            : (plan.Weight.Blocks.Wide, plan.Weight.Blocks.Count);

        /// <summary>One chunk of terms for the columns of a strip.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Strip(int strip, int group, int chunk, TileSegment* segments)
        {
            ref readonly var shape = ref plan.Shape;
            var input = shape.Input;
            var channels = shape.InputChannels;
            var row = strip / plan.StripsPerRow;
            var column = strip % plan.StripsPerRow * plan.StripWidth;
            var lastColumn = Math.Min(column + plan.StripWidth, plan.Output.W);
            var (h, nd) = (row % plan.Output.H, row / plan.Output.H);
            var (d, n) = (nd % plan.Output.D, nd / plan.Output.D);

            // Kernel rows outside the image contribute nothing.
            var firstKernelRow = chunk / plan.PartsPerRow * plan.RowsPerChunk;
            var lastKernelRow = Math.Min(firstKernelRow + plan.RowsPerChunk, plan.KernelRows);
            var firstTerm = chunk % plan.PartsPerRow * plan.TermsPerPart;
            var terms = Math.Min(plan.TermsPerPart, plan.RowTerms - firstTerm);
            var (firstBlock, lastBlock) = BlocksOf(group);
            var width = plan.Weight.Blocks.WidthOf(firstBlock);
            var count = 0;
            for (var k = firstKernelRow; k < lastKernelRow; k++)
            {
                var inD = d + k / shape.KernelH - shape.PaddingD;
                var inH = h + k % shape.KernelH - shape.PaddingH;
                if ((uint)inD >= (uint)input.D || (uint)inH >= (uint)input.H)
                    continue;
                segments[count].A = (byte*)(plan.X + (((long)n * input.D + inD) * input.H + inH) * input.W * channels);
                segments[count].B = (byte*)(((long)k * plan.RowTerms + firstTerm) * width * sizeof(float));
                count++;
            }

            if (count == 0 && chunk > 0)
                return;
            var border = segments + plan.RowsPerChunk;
            var tile = new RegisterTile
            {
                SegmentCount = count,
                Steps = terms / TSimd.TermsPerStep,
                RowStride = (nint)channels * sizeof(float),
                StepStride = TSimd.TermsPerStep * sizeof(float),
                Accumulate = chunk > 0,
            };
            var maximum = RegisterTile.MaximumRows(TSimd.Lanes, width / plan.Weight.Blocks.Lanes);
            for (int rows; column < lastColumn; column += rows)
            {
                rows = RegisterTile.NextRows(lastColumn - column, maximum);
                var first = (long)(column - shape.PaddingW) * channels + firstTerm;
                if (first >= 0 && first + (long)(rows - 1) * channels + terms <= (long)input.W * channels)
                {
                    tile.Segments = segments;
                    tile.OffsetA = (nint)(first * sizeof(float));
                }
                else
                {
                    CopyBorder(segments, border, count, first, (rows - 1) * channels + terms, (long)input.W * channels);
                    tile.Segments = border;
                    tile.OffsetA = 0;
                }

                var y = plan.Y + ((long)row * plan.Output.W + column) * plan.Output.C;
                for (var block = firstBlock; block < lastBlock; block++)
                    Block(ref tile, rows, block, width, y);
            }
        }

        private void Block(ref RegisterTile tile, int rows, int block, int width, float* y)
        {
            var channel = block * plan.Weight.Blocks.Width;
            var valid = Math.Min(width, plan.Output.C - channel);
            var registers = width / plan.Weight.Blocks.Lanes;
            tile.OffsetB = (nint)plan.Weight.Block(block);
            var initial = plan.Bias == null || tile.Accumulate ? null : plan.Bias + channel;
            if (valid == width && TSimd.TermsPerStep == 1)
            {
                tile.Initial = initial;
                tile.StrideC = plan.Output.C;
                tile.Run<TSimd, TVector>(rows, registers, y + channel);
                return;
            }

            // Fewer channels than lanes, or terms in the lanes: through a buffer of whole registers.
            var values = stackalloc float[12 * 32];
            var accumulate = tile.Accumulate;
            tile.Accumulate = false;
            tile.Initial = null;
            tile.StrideC = registers * TSimd.Lanes;
            tile.Run<TSimd, TVector>(rows, registers, values);
            tile.Accumulate = accumulate;
            for (var r = 0; r < rows; r++)
            {
                var row = values + r * tile.StrideC;
                var target = y + (long)r * plan.Output.C + channel;
                for (var c = 0; c < valid; c++)
                {
                    var value = TSimd.TermsPerStep == 1 ? row[c] : TSimd.Sum(TSimd.Load(row + c * TSimd.Lanes));
                    target[c] = value + (accumulate ? target[c] : initial == null ? 0 : initial[c]);
                }
            }
        }

        /// <summary>
        /// Copies <paramref name="length"/> values from <paramref name="first"/> on of <paramref name="count"/> rows of <paramref name="end"/>; zeros
        /// outside the rows.
        /// </summary>
        private void CopyBorder(TileSegment* segments, TileSegment* border, int count, long first, int length, long end)
        {
            var target = (float*)((byte*)border + Plan.Align(2L * plan.RowsPerChunk * sizeof(TileSegment)) - plan.RowsPerChunk * sizeof(TileSegment));
            var before = (int)Math.Clamp(-first, 0, length);
            var after = (int)Math.Clamp(first + length - end, 0, length - before);
            for (var s = 0; s < count; s++, target += plan.BorderValues)
            {
                new Span<float>(target, before).Clear();
                new ReadOnlySpan<float>((float*)segments[s].A + first + before, length - before - after).CopyTo(
                    new Span<float>(target + before, length - before - after));
                new Span<float>(target + length - after, after).Clear();
                border[s].A = (byte*)target;
                border[s].B = segments[s].B;
            }
        }

        private void Activate(int strip, int group)
        {
            var row = strip / plan.StripsPerRow;
            var column = strip % plan.StripsPerRow * plan.StripWidth;
            var columns = Math.Min(plan.StripWidth, plan.Output.W - column);
            var (firstBlock, lastBlock) = BlocksOf(group);
            var channel = firstBlock * plan.Weight.Blocks.Width;
            var channels = Math.Min(lastBlock * plan.Weight.Blocks.Width, plan.Output.C) - channel;
            var y = plan.Y + ((long)row * plan.Output.W + column) * plan.Output.C + channel;
            if (channels == plan.Output.C)
                (channels, columns) = (channels * columns, 1);
            for (var c = 0; c < columns; c++, y += plan.Output.C)
                ActivationHost.Apply(plan.Activation, y, channels);
        }
    }
}
