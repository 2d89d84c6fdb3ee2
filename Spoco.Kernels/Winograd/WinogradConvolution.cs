using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Forward convolution and input gradient with Winograd's F(2,3) or F(4,3) along every axis with three taps: workers take blocks of tiles, transform
/// their input into scratch memory, multiply every frequency with its weight and transform the products back. Where the weight is large and the
/// tiles are few, every block would read all of the weight: all workers then transform one large block together, and each multiplies some
/// frequencies and channels.
/// No value depends on how tiles are grouped.
/// </summary>
internal static unsafe class WinogradConvolution<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    /// <summary>Tiles of a block: enough to use every weight often, few enough for their transforms to stay in the second-level cache.</summary>
    private const int MostTiles = 48;

    /// <summary>Most memory for the transforms of a block that all workers share.</summary>
    private const long SharedBytes = 16 << 20;

    /// <summary>Terms whose products are summed in registers and then added: rounding does not grow with the number of such sums.</summary>
    private const int SumTerms = 256;

    /// <summary>The panels of a row lie one behind the other.</summary>
    private const int Panel = WinogradTransforms.Panel;

    public static void Run(HostDevice host, in WinogradPass pass)
    {
        var plan = new Plan(pass, host.Workers.Workers);
        var weightLength = pass.Grid.Frequencies * WinogradWeight.FrequencyStride(plan.Blocks, pass.Terms);
        var secondLength = plan.HasSecond ? pass.Grid.Frequencies * WinogradWeight.FrequencyStride(plan.SecondBlocks, pass.Terms) : 0;
        var transforms = plan.TransformLength * (plan.Shared ? 1 : host.Workers.Workers);
        var columns = (long)WinogradTransforms.ScratchLength * host.Workers.Workers;
        var kept = Kept(host, pass, weightLength, out var isPacked);
        var ownLength = kept == null ? weightLength : 0;
        using var workspace = host.Workspace((ownLength + secondLength + transforms + columns) * sizeof(float));
        plan.SecondU = (float*)workspace.Block.Pointer + ownLength;
        plan.U = kept == null ? (float*)workspace.Block.Pointer : kept;
        plan.Transforms = plan.SecondU + secondLength;
        plan.Columns = plan.Transforms + transforms;
        if (!isPacked)
            WinogradWeight.Pack(host, pass, pass.Target, plan.Blocks, plan.U);
        if (plan.HasSecond)
            WinogradWeight.Pack(host, pass, pass.SecondTarget, plan.SecondBlocks, plan.SecondU);

        if (plan.Shared)
            Share(host, plan);
        else
            host.Workers.RunPieces(plan.BlockCount, new BlockBody(plan));
    }

    /// <summary>Where the transformed weight is kept, or is to be; null where it is not.</summary>
    private static float* Kept(HostDevice host, in WinogradPass pass, long length, out bool isPacked)
    {
        isPacked = false;
        if (pass.Transposed || host.Held(pass.Weight) is not { } held)
            return null;
        var form = new HeldWeights.Form((nint)pass.Weight, pass.Grid.Results, pass.Grid.UpD, pass.Grid.UpPlane, pass.Source.Shape.C, TSimd.Lanes);
        var found = held.Find(form);
        isPacked = found != null;
        return isPacked ? found : held.Add(form, length);
    }

    private static void Share(HostDevice host, in Plan plan)
    {
        for (var i = 0; i < plan.BlockCount; i++)
        {
            for (var slices = 0; slices < plan.Pass.Grid.SliceFrequencies; slices++)
            {
                var block = plan.Block(i, slices);
                host.Workers.RunPieces(block.Until - block.From, new InputBody(plan, block));
                Share(host, plan, plan.Pass.Target, plan.Blocks, plan.U, block);
                if (plan.HasSecond)
                    Share(host, plan, plan.Pass.SecondTarget, plan.SecondBlocks, plan.SecondU, block);
            }
        }
    }

    private static void Share(HostDevice host, in Plan plan, in WinogradTarget target, ChannelBlocks blocks, float* u, Block block)
    {
        if (!plan.Pass.Grid.HasSlices(block.Slices, target.Half))
            return;
        host.Workers.RunPieces(plan.Pass.Grid.PlaneFrequencies * blocks.Count, new ProductBody(plan, target, blocks, u, block));
        host.Workers.RunPieces(block.Until - block.From, new OutputBody(plan, target, block));
    }

    /// <summary>Segments [From, Until) at one frequency of the slices, and the number of their tiles.</summary>
    private readonly record struct Block(int Slices, int From, int Until, int Tiles);

    private struct Plan
    {
        public readonly WinogradPass Pass;
        public readonly ChannelBlocks Blocks;
        public readonly ChannelBlocks SecondBlocks;
        public readonly int BlockSegments;
        public readonly int BlockCount;
        public readonly int InputRow;
        public readonly int ProductRow;
        public readonly bool Shared;
        public float* U;
        public float* SecondU;
        public float* Transforms;
        public float* Columns;

        public Plan(in WinogradPass pass, int workers)
        {
            Pass = pass;
            Blocks = new ChannelBlocks(pass.Target.Shape.C, TSimd.Lanes);
            SecondBlocks = HasSecond ? new ChannelBlocks(pass.SecondTarget.Shape.C, TSimd.Lanes) : Blocks;
            InputRow = PadRow(pass.Terms);
            ProductRow = PadRow(Math.Max(Blocks.PaddedChannels, SecondBlocks.PaddedChannels));

            // As many blocks for every worker.
            var (segments, tiles) = (pass.Grid.Segments, pass.Grid.Tiles);
            var most = MostTiles / pass.Grid.SegmentTiles;
            BlockSegments = CeilingDivide(segments, CeilingDivide(segments, most * workers) * workers);
            BlockCount = CeilingDivide(segments, BlockSegments);

            // What is read and written: the weight for every block, and shared transforms, which do not stay in a worker's caches.
            var weights = (long)pass.Grid.PlaneFrequencies * pass.Terms * (Blocks.PaddedChannels + (HasSecond ? SecondBlocks.PaddedChannels : 0));
            var transforms = (long)pass.Grid.PlaneFrequencies * tiles * (InputRow + ProductRow);
            var sharedBlocks = (int)Math.Min(transforms * sizeof(float) / SharedBytes + 1, segments);
            Shared = sharedBlocks * weights + 2 * transforms < BlockCount * weights;
            if (Shared)
            {
                BlockSegments = CeilingDivide(segments, sharedBlocks);
                BlockCount = CeilingDivide(segments, BlockSegments);
            }
        }

        public readonly bool HasSecond => Pass.SecondTarget.Values != null;

        public readonly nint InputStride => BlockSegments * Pass.Grid.SegmentTiles * InputRow + 16;

        public readonly nint ProductStride => BlockSegments * Pass.Grid.SegmentTiles * ProductRow + 16;

        /// <summary>The transformed inputs of a block, then its products.</summary>
        public readonly long TransformLength => Pass.Grid.PlaneFrequencies * (long)(InputStride + ProductStride);

        public readonly float* WorkerColumns(int worker) => Columns + (long)worker * WinogradTransforms.ScratchLength;

        public readonly Block Block(int index, int slices)
        {
            var from = index * BlockSegments;
            var until = Math.Min(from + BlockSegments, Pass.Grid.Segments);
            return new Block(slices, from, until, Pass.Grid.FirstTile(until) - Pass.Grid.FirstTile(from));
        }

        /// <summary>Transforms segments [from, until) of a block.</summary>
        public readonly void Input(in Block block, int from, int until, float* transforms, float* columns)
        {
            var (first, last) = (Pass.Grid.FirstTile(from), Pass.Grid.FirstTile(until));
            var v = transforms + (nint)(first - Pass.Grid.FirstTile(block.From)) * InputRow;
            WinogradTransforms.Input(Pass.Grid, Pass.Source, block.Slices, first, last, v, InputRow, Panel, InputStride, columns);
            if (Pass.SecondSource.Values != null && Pass.Grid.HasSlices(block.Slices, true))
                WinogradTransforms.Input(Pass.Grid, Pass.SecondSource, block.Slices, first, last, v, InputRow, Panel, InputStride, columns);
        }

        /// <summary>M = V U of a block, for some pairs of a frequency and a block of channels.</summary>
        public readonly void Multiply(
            in Block block, in WinogradTarget target, ChannelBlocks blocks, float* u, int from, int until, float* transforms)
        {
            var m = transforms + Pass.Grid.PlaneFrequencies * InputStride;
            var frequencyStride = WinogradWeight.FrequencyStride(blocks, Pass.Terms);
            for (var i = from; i < until; i++)
            {
                var plane = i / blocks.Count;
                var f = block.Slices * Pass.Grid.PlaneFrequencies + plane;
                if (!target.Half || Pass.Grid.InHalf(f))
                {
                    Multiply(f, block.Tiles, blocks, i % blocks.Count, transforms + plane * InputStride, u + f * frequencyStride,
                        m + plane * ProductStride);
                }
            }
        }

        /// <summary>Transforms the products of segments [from, until) of a block back.</summary>
        public readonly void Output(in Block block, in WinogradTarget target, int from, int until, float* transforms)
        {
            var first = Pass.Grid.FirstTile(from) - Pass.Grid.FirstTile(block.From);
            var m = transforms + Pass.Grid.PlaneFrequencies * InputStride + (nint)first * ProductRow;
            WinogradTransforms.Output(Pass.Grid, target, block.Slices, from, until, m, ProductRow, ProductStride);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Multiply(int f, int tiles, ChannelBlocks blocks, int block, float* v, float* u, float* m)
        {
            TileSegment segment;
            var tile = new RegisterTile
            {
                Segments = &segment,
                SegmentCount = 1,
                RowStride = (nint)InputRow * sizeof(float),
                StepStride = sizeof(float),
                StrideC = ProductRow,
            };
            var terms = Pass.TermsAt(f);
            var width = blocks.WidthOf(block);
            var maximum = RegisterTile.MaximumRows(TSimd.Lanes, width / TSimd.Lanes);
            for (var first = 0; first < terms; first += SumTerms)
            {
                tile.Steps = Math.Min(SumTerms, terms - first);
                tile.Accumulate = first > 0;
                segment.B = (byte*)(u + (long)block * blocks.Width * Pass.Terms + (long)first * width);
                for (int row = 0, rows; row < tiles; row += rows)
                {
                    rows = RegisterTile.NextRows(tiles - row, maximum);
                    segment.A = (byte*)(v + (long)row * InputRow + first);
                    tile.Run<TSimd, TVector>(rows, width / TSimd.Lanes, m + (long)row * ProductRow + block * blocks.Width);
                }
            }
        }
    }

    /// <summary>An odd number of cache lines, so that rows do not compete for the same places of the cache.</summary>
    private static int PadRow(int length) => ((length + 15) / 16 | 1) * 16;

    private static int CeilingDivide(int a, int b) => (int)(((long)a + b - 1) / b);

    /// <summary>A worker takes whole blocks.</summary>
    private readonly struct BlockBody(Plan plan) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var transforms = plan.Transforms + worker * plan.TransformLength;
            for (var i = from; i < until; i++)
            {
                for (var slices = 0; slices < plan.Pass.Grid.SliceFrequencies; slices++)
                {
                    var block = plan.Block(i, slices);
                    plan.Input(block, block.From, block.Until, transforms, plan.WorkerColumns(worker));
                    Target(block, plan.Pass.Target, plan.Blocks, plan.U, transforms);
                    if (plan.HasSecond)
                        Target(block, plan.Pass.SecondTarget, plan.SecondBlocks, plan.SecondU, transforms);
                }
            }
        }

        private void Target(in Block block, in WinogradTarget target, ChannelBlocks blocks, float* u, float* transforms)
        {
            if (!plan.Pass.Grid.HasSlices(block.Slices, target.Half))
                return;
            plan.Multiply(block, target, blocks, u, 0, plan.Pass.Grid.PlaneFrequencies * blocks.Count, transforms);
            plan.Output(block, target, block.From, block.Until, transforms);
        }
    }

    private readonly struct InputBody(Plan plan, Block block) : IParallelBody
    {
        public void Execute(int from, int until, int worker) =>
            plan.Input(block, block.From + from, block.From + until, plan.Transforms, plan.WorkerColumns(worker));
    }

    private readonly struct ProductBody(Plan plan, WinogradTarget target, ChannelBlocks blocks, float* u, Block block) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => plan.Multiply(block, target, blocks, u, from, until, plan.Transforms);
    }

    private readonly struct OutputBody(Plan plan, WinogradTarget target, Block block) : IParallelBody
    {
        public void Execute(int from, int until, int worker) =>
            plan.Output(block, target, block.From + from, block.From + until, plan.Transforms);
    }
}
