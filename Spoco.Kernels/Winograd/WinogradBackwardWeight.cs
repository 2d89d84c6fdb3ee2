using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Weight gradient with Winograd's F(2,3) or F(4,3): for every frequency the product of transformed input and transformed output gradient, summed over
/// tiles, then one transform back. Frequencies of the slices come one after the other; blocks of tiles are transformed by all workers together;
/// then every worker multiplies some frequencies and channels, so that a sum belongs to one worker and does not depend on their number.
/// </summary>
internal static unsafe class WinogradBackwardWeight<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    /// <summary>Memory for the transforms of a block of tiles.</summary>
    private const long BlockBytes = 2 << 20;

    private const int FewestTiles = 64;
    private const int MostTiles = 4096;

    /// <summary>Tiles whose products are summed in registers and then added: rounding does not grow with the number of such sums.</summary>
    private const int SumTiles = 128;

    private const int Panel = WinogradTransforms.Panel;

    /// <summary>Tiles that are transformed at a time.</summary>
    private const int RunTiles = 16;

    /// <summary>dweight from the sources of the forward pass and the gradient of its result.</summary>
    public static void Run(
        HostDevice host, in WinogradGrid grid, in WinogradSource source, in WinogradSource second, in WinogradSource dy, float* dweight)
    {
        var plan = new Plan(grid, source, second, dy);
        var productLength = grid.Frequencies * WinogradWeight.FrequencyStride(plan.Blocks, plan.Terms);
        var transformLength = grid.PlaneFrequencies * (long)(plan.InputStride + plan.GradientStride);
        using var workspace = host.Workspace(
            (productLength + transformLength + (long)WinogradTransforms.ScratchLength * host.Workers.Workers) * sizeof(float));
        plan.Products = (float*)workspace.Block.Pointer;
        plan.Inputs = plan.Products + productLength;
        plan.Gradients = plan.Inputs + grid.PlaneFrequencies * plan.InputStride;
        plan.Scratch = plan.Gradients + grid.PlaneFrequencies * plan.GradientStride;
        for (var first = 0; first < grid.Tiles; first += plan.BlockTiles)
        {
            var last = Math.Min(first + plan.BlockTiles, grid.Tiles);
            for (var slices = 0; slices < grid.SliceFrequencies; slices++)
            {
                host.Workers.RunPieces((last - first + RunTiles - 1) / RunTiles, new TransformBody(plan, slices, first, last));
                host.Workers.RunPieces(grid.PlaneFrequencies * plan.Blocks.Count, new ProductBody(plan, slices, last - first, first > 0));
            }
        }

        WinogradWeight.Unpack(host, grid, plan.Products, plan.HasSecond ? source.Shape.C : plan.Terms, plan.Blocks, plan.Terms, dweight);
    }

    private struct Plan
    {
        public readonly WinogradGrid Grid;
        public readonly WinogradSource Source;
        public readonly WinogradSource Second;
        public readonly WinogradSource Dy;
        public readonly ChannelBlocks Blocks;
        public readonly int Terms;
        public readonly int BlockTiles;
        public readonly int PaddedTerms;
        public float* Products;
        public float* Inputs;
        public float* Gradients;
        public float* Scratch;

        public Plan(in WinogradGrid grid, in WinogradSource source, in WinogradSource second, in WinogradSource dy)
        {
            (Grid, Source, Second, Dy) = (grid, source, second, dy);
            Blocks = new ChannelBlocks(dy.Shape.C, TSimd.Lanes);
            Terms = source.Shape.C + (HasSecond ? second.Shape.C : 0);
            PaddedTerms = (Terms + Panel - 1) / Panel * Panel;
            var perTile = (long)grid.PlaneFrequencies * (PaddedTerms + Blocks.PaddedChannels) * sizeof(float);
            var most = (int)Math.Clamp(BlockBytes / perTile, FewestTiles, MostTiles) / RunTiles * RunTiles;
            BlockTiles = Math.Min(most, grid.Tiles);
        }

        public readonly bool HasSecond => Second.Values != null;

        /// <summary>From one panel of terms, [tiles][16], to the next.</summary>
        public readonly nint PanelStride => BlockTiles * Panel;

        public readonly nint InputStride => BlockTiles * PaddedTerms + 16;

        public readonly nint GradientStride => BlockTiles * Blocks.PaddedChannels + 16;
    }

    private readonly struct TransformBody(Plan plan, int slices, int firstTile, int lastTile) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var scratch = plan.Scratch + (long)worker * WinogradTransforms.ScratchLength;
            var (first, last) = (firstTile + from * RunTiles, Math.Min(firstTile + until * RunTiles, lastTile));
            var inputs = plan.Inputs + (long)(first - firstTile) * Panel;
            Input(plan.Source, first, last, inputs, scratch);
            if (plan.HasSecond && plan.Grid.HasSlices(slices, true))
                Input(plan.Second, first, last, inputs, scratch);
            WinogradTransforms.Gradient(plan.Grid, plan.Dy, slices, plan.Blocks, plan.BlockTiles, firstTile, first, last, plan.Gradients,
                plan.GradientStride);
        }

        private void Input(in WinogradSource source, int first, int last, float* inputs, float* scratch) =>
            WinogradTransforms.Input(plan.Grid, source, slices, first, last, inputs, Panel, plan.PanelStride, plan.InputStride, scratch);
    }

    private readonly struct ProductBody(Plan plan, int slices, int tiles, bool accumulate) : IParallelBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int worker)
        {
            TileSegment segment;
            var tile = new RegisterTile
            {
                Segments = &segment,
                SegmentCount = 1,
                RowStride = sizeof(float),
                StepStride = Panel * sizeof(float),
            };
            for (var i = from; i < until; i++)
            {
                // All frequencies of a block of channels: their numbers of terms differ, which evens out over the workers.
                var (block, plane) = (i / plan.Grid.PlaneFrequencies, i % plan.Grid.PlaneFrequencies);
                var f = slices * plan.Grid.PlaneFrequencies + plane;
                var width = plan.Blocks.WidthOf(block);
                var terms = plan.HasSecond && !plan.Grid.InHalf(f) ? plan.Source.Shape.C : plan.Terms;
                var maximum = RegisterTile.MaximumRows(TSimd.Lanes, width / TSimd.Lanes);
                var products = plan.Products + f * WinogradWeight.FrequencyStride(plan.Blocks, plan.Terms)
                    + (long)block * plan.Blocks.Width * plan.Terms;
                var gradients = plan.Gradients + plane * plan.GradientStride + (long)block * plan.Blocks.Width * plan.BlockTiles;
                var inputs = plan.Inputs + plane * plan.InputStride;
                tile.StrideC = width;
                for (var first = 0; first < tiles; first += SumTiles)
                {
                    tile.Steps = Math.Min(SumTiles, tiles - first);
                    tile.Accumulate = accumulate || first > 0;
                    segment.B = (byte*)(gradients + (long)first * width);
                    for (var panel = 0; panel < terms; panel += Panel)
                    {
                        var last = Math.Min(panel + Panel, terms);
                        for (int term = panel, rows; term < last; term += rows)
                        {
                            rows = RegisterTile.NextRows(last - term, maximum);
                            segment.A = (byte*)(inputs + panel / Panel * plan.PanelStride + (long)first * Panel + term - panel);
                            tile.Run<TSimd, TVector>(rows, width / TSimd.Lanes, products + (long)term * width);
                        }
                    }
                }
            }
        }
    }
}
