using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Forward convolution and input gradient with Winograd's F(2,3) or F(4,3) along every axis with three taps: workers take blocks of tiles, transform their
/// input into scratch memory, multiply every frequency with its weight and transform the products back. No value depends on how tiles are grouped.
/// </summary>
internal static unsafe class WinogradConvolution<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    /// <summary>Tiles of a block: enough to use every weight often, few enough for their transforms to stay in the second-level cache.</summary>
    private const int MostTiles = 48;

    private const int RegisterTileRows = 6;

    /// <summary>Terms whose products are summed in registers and then added: rounding does not grow with the number of such sums.</summary>
    private const int SumTerms = 256;

    /// <summary>The panels of a row lie one behind the other.</summary>
    private const int Panel = WinogradTransforms.Panel;

    public static void Run(HostDevice host, in WinogradPass pass)
    {
        var plan = new Plan(pass, host.Workers.Workers);
        var weightLength = pass.Grid.Frequencies * WinogradWeight.FrequencyStride(plan.Blocks, pass.Terms);
        var secondLength = plan.HasSecond ? pass.Grid.Frequencies * WinogradWeight.FrequencyStride(plan.SecondBlocks, pass.Terms) : 0;
        using var workspace = host.Workspace((weightLength + secondLength + plan.ScratchLength * host.Workers.Workers) * sizeof(float));
        plan.U = (float*)workspace.Block.Pointer;
        plan.SecondU = plan.U + weightLength;
        plan.Scratch = plan.SecondU + secondLength;
        WinogradWeight.Pack(host, pass, pass.Target, plan.Blocks, plan.U);
        if (plan.HasSecond)
            WinogradWeight.Pack(host, pass, pass.SecondTarget, plan.SecondBlocks, plan.SecondU);

        host.Workers.RunPieces(plan.TileBlocks, new Body(plan));
    }

    private struct Plan
    {
        public readonly WinogradPass Pass;
        public readonly ChannelBlocks Blocks;
        public readonly ChannelBlocks SecondBlocks;
        public readonly int BlockTiles;
        public readonly int TileBlocks;
        public readonly int InputRow;
        public readonly int ProductRow;
        public float* U;
        public float* SecondU;
        public float* Scratch;

        public Plan(in WinogradPass pass, int workers)
        {
            Pass = pass;
            Blocks = new ChannelBlocks(pass.Target.Shape.C, TSimd.Lanes);
            SecondBlocks = HasSecond ? new ChannelBlocks(pass.SecondTarget.Shape.C, TSimd.Lanes) : Blocks;
            InputRow = PadRow(pass.Terms);
            ProductRow = PadRow(Math.Max(Blocks.PaddedChannels, SecondBlocks.PaddedChannels));

            // As many blocks for every worker, of even size and whole register tiles.
            var tiles = pass.Grid.Tiles;
            var rounds = CeilingDivide(tiles, MostTiles * workers);
            BlockTiles = CeilingDivide(CeilingDivide(tiles, rounds * workers), RegisterTileRows) * RegisterTileRows;
            TileBlocks = CeilingDivide(tiles, BlockTiles);
        }

        public readonly bool HasSecond => Pass.SecondTarget.Values != null;

        public readonly nint InputStride => BlockTiles * InputRow + 16;

        public readonly nint ProductStride => BlockTiles * ProductRow + 16;

        public readonly long ScratchLength => Pass.Grid.PlaneFrequencies * (long)(InputStride + ProductStride) + WinogradTransforms.ScratchLength;
    }

    /// <summary>An odd number of cache lines, so that rows do not compete for the same places of the cache.</summary>
    private static int PadRow(int length) => ((length + 15) / 16 | 1) * 16;

    private static int CeilingDivide(int a, int b) => (int)(((long)a + b - 1) / b);

    private readonly struct Body(Plan plan) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var v = plan.Scratch + worker * plan.ScratchLength;
            var columns = v + plan.Pass.Grid.PlaneFrequencies * (plan.InputStride + plan.ProductStride);
            var grid = plan.Pass.Grid;
            var tiles = grid.Tiles;
            for (var i = from; i < until; i++)
            {
                var first = i * plan.BlockTiles;
                var last = Math.Min(first + plan.BlockTiles, tiles);
                for (var slices = 0; slices < grid.SliceFrequencies; slices++)
                {
                    Input(plan.Pass.Source, slices, first, last, v, columns);
                    if (plan.Pass.SecondSource.Values != null && grid.HasSlices(slices, true))
                        Input(plan.Pass.SecondSource, slices, first, last, v, columns);
                    Target(plan.Pass.Target, plan.Blocks, plan.U, slices, first, last, v);
                    if (plan.HasSecond)
                        Target(plan.Pass.SecondTarget, plan.SecondBlocks, plan.SecondU, slices, first, last, v);
                }
            }
        }

        private void Input(in WinogradSource source, int slices, int first, int last, float* v, float* columns) =>
            WinogradTransforms.Input(plan.Pass.Grid, source, slices, first, last, v, plan.InputRow, Panel, plan.InputStride, columns);

        private void Target(in WinogradTarget target, ChannelBlocks blocks, float* u, int slices, int first, int last, float* v)
        {
            var grid = plan.Pass.Grid;
            if (!grid.HasSlices(slices, target.Half))
                return;
            var m = v + grid.PlaneFrequencies * plan.InputStride;
            var frequencyStride = WinogradWeight.FrequencyStride(blocks, plan.Pass.Terms);
            for (var plane = 0; plane < grid.PlaneFrequencies; plane++)
            {
                var f = slices * grid.PlaneFrequencies + plane;
                if (!target.Half || grid.InHalf(f))
                    Multiply(f, last - first, blocks, v + plane * plan.InputStride, u + f * frequencyStride, m + plane * plan.ProductStride);
            }

            WinogradTransforms.Output(grid, target, slices, first, last, m, plan.ProductRow, plan.ProductStride);
        }

        /// <summary>M = V U at one frequency.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Multiply(int f, int tiles, ChannelBlocks blocks, float* v, float* u, float* m)
        {
            TileSegment segment;
            var tile = new RegisterTile
            {
                Segments = &segment,
                SegmentCount = 1,
                RowStride = (nint)plan.InputRow * sizeof(float),
                StepStride = sizeof(float),
                StrideC = plan.ProductRow,
            };
            var terms = plan.Pass.TermsAt(f);
            for (var block = 0; block < blocks.Count; block++)
            {
                var width = blocks.WidthOf(block);
                var maximum = RegisterTile.MaximumRows(TSimd.Lanes, width / TSimd.Lanes);
                for (var first = 0; first < terms; first += SumTerms)
                {
                    tile.Steps = Math.Min(SumTerms, terms - first);
                    tile.Accumulate = first > 0;
                    segment.B = (byte*)(u + (long)block * blocks.Width * plan.Pass.Terms + (long)first * width);
                    for (int row = 0, rows; row < tiles; row += rows)
                    {
                        rows = RegisterTile.NextRows(tiles - row, maximum);
                        segment.A = (byte*)(v + (long)row * plan.InputRow + first);
                        tile.Run<TSimd, TVector>(rows, width / TSimd.Lanes, m + (long)row * plan.ProductRow + block * blocks.Width);
                    }
                }
            }
        }
    }
}
