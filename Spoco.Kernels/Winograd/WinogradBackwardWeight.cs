using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Weight gradient with Winograd's F(2,3) or F(4,3): for every frequency the product of transformed input and transformed output gradient, summed
/// over tiles, then one transform back. Frequencies of the slices come one after the other. The tiles are cut into parts with sums of their own, so
/// that a worker transforms and multiplies by itself, in memory that stays near it. Where the weight is too large for that, the transforms are shared:
/// all workers transform a block of tiles, then each multiplies some frequencies and channels. No sum depends on the number of workers.
/// </summary>
internal static unsafe class WinogradBackwardWeight<TSimd, TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    /// <summary>Memory for the sums of all parts.</summary>
    private const long PartBytes = 16 << 20;

    private const int FewestParts = 4;
    private const int MostParts = 64;

    /// <summary>Memory for a worker's transforms of a block of tiles: within the second-level cache.</summary>
    private const long OwnBytes = 320 << 10;

    /// <summary>Sums of all parts that a worker adds at a time.</summary>
    private const int SumLength = 1024;

    /// <summary>Memory for shared transforms of a block of tiles.</summary>
    private const long SharedBytes = 2 << 20;

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
        var transformLength = plan.TransformLength * (plan.Parts > 1 ? host.Workers.Workers : 1);
        var scratchLength = (long)WinogradTransforms.ScratchLength * host.Workers.Workers;
        using var workspace = host.Workspace((plan.ProductLength * plan.Parts + transformLength + scratchLength) * sizeof(float));
        plan.Products = (float*)workspace.Block.Pointer;
        plan.Transforms = plan.Products + plan.ProductLength * plan.Parts;
        plan.Scratch = plan.Transforms + transformLength;
        if (plan.Parts > 1)
        {
            host.Workers.RunPieces(plan.Parts, new PartBody(plan));
            host.Workers.Run((int)((plan.ProductLength + SumLength - 1) / SumLength), new SumBody(plan));
        }
        else
        {
            Share(host, plan);
        }

        WinogradWeight.Unpack(host, grid, plan.Products, plan.HasSecond ? source.Shape.C : plan.Terms, plan.Blocks, plan.Terms, dweight);
    }

    private static void Share(HostDevice host, in Plan plan)
    {
        for (var first = 0; first < plan.Grid.Tiles; first += plan.BlockTiles)
        {
            var last = Math.Min(first + plan.BlockTiles, plan.Grid.Tiles);
            for (var slices = 0; slices < plan.Grid.SliceFrequencies; slices++)
            {
                var block = new Block(slices, first, last, first > 0);
                host.Workers.RunPieces((last - first + RunTiles - 1) / RunTiles, new TransformBody(plan, block));
                host.Workers.RunPieces(plan.ProductItems, new ProductBody(plan, block));
            }
        }
    }

    /// <summary>Tiles [First, Last) at one frequency of the slices; whether their products are added to what is there.</summary>
    private readonly record struct Block(int Slices, int First, int Last, bool Accumulate);

    private struct Plan
    {
        public readonly WinogradGrid Grid;
        public readonly WinogradSource Source;
        public readonly WinogradSource Second;
        public readonly WinogradSource Dy;
        public readonly ChannelBlocks Blocks;
        public readonly int Terms;
        public readonly int Parts;
        public readonly int BlockTiles;
        public readonly int PaddedTerms;
        public readonly long ProductLength;
        public float* Products;
        public float* Transforms;
        public float* Scratch;

        public Plan(in WinogradGrid grid, in WinogradSource source, in WinogradSource second, in WinogradSource dy)
        {
            (Grid, Source, Second, Dy) = (grid, source, second, dy);
            Blocks = new ChannelBlocks(dy.Shape.C, TSimd.Lanes);
            Terms = source.Shape.C + (HasSecond ? second.Shape.C : 0);
            PaddedTerms = (Terms + Panel - 1) / Panel * Panel;
            ProductLength = grid.Frequencies * WinogradWeight.FrequencyStride(Blocks, Terms);
            // A power of two: shared evenly by most numbers of workers.
            var parts = Math.Min(PartBytes / sizeof(float) / ProductLength, Math.Min(MostParts, grid.Tiles / FewestTiles));
            Parts = parts < FewestParts ? 1 : 1 << BitOperations.Log2((uint)parts);
            var perTile = (long)grid.PlaneFrequencies * (PaddedTerms + Blocks.PaddedChannels) * sizeof(float);
            var bytes = Parts > 1 ? OwnBytes : SharedBytes;
            var most = (int)Math.Clamp(bytes / perTile, FewestTiles, Parts > 1 ? SumTiles : MostTiles) / RunTiles * RunTiles;
            BlockTiles = Math.Min(most, grid.Tiles);
        }

        public readonly bool HasSecond => Second.Values != null;

        /// <summary>From one panel of terms, [tiles][16], to the next.</summary>
        public readonly nint PanelStride => BlockTiles * Panel;

        public readonly nint InputStride => BlockTiles * PaddedTerms + 16;

        public readonly nint GradientStride => BlockTiles * Blocks.PaddedChannels + 16;

        /// <summary>The transformed inputs of a block, then its gradients.</summary>
        public readonly long TransformLength => Grid.PlaneFrequencies * (long)(InputStride + GradientStride);

        public readonly int ProductItems => Grid.PlaneFrequencies * Blocks.Count;

        /// <summary>Transforms the tiles [first, last) of a block.</summary>
        public readonly void Transform(in Block block, int first, int last, float* transforms, int worker)
        {
            var scratch = Scratch + (long)worker * WinogradTransforms.ScratchLength;
            var inputs = transforms + (long)(first - block.First) * Panel;
            WinogradTransforms.Input(Grid, Source, block.Slices, first, last, inputs, Panel, PanelStride, InputStride, scratch);
            if (HasSecond && Grid.HasSlices(block.Slices, true))
                WinogradTransforms.Input(Grid, Second, block.Slices, first, last, inputs, Panel, PanelStride, InputStride, scratch);
            WinogradTransforms.Gradient(Grid, Dy, block.Slices, Blocks, BlockTiles, block.First, first, last,
                transforms + Grid.PlaneFrequencies * InputStride, GradientStride);
        }

        /// <summary>Multiplies a block at the frequencies and channels of some items.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Multiply(in Block range, int from, int until, float* transforms, float* sums)
        {
            TileSegment segment;
            var tile = new RegisterTile
            {
                Segments = &segment,
                SegmentCount = 1,
                RowStride = sizeof(float),
                StepStride = Panel * sizeof(float),
            };
            var tiles = range.Last - range.First;
            for (var i = from; i < until; i++)
            {
                // All frequencies of a block of channels: their numbers of terms differ, which evens out over the workers.
                var (block, plane) = (i / Grid.PlaneFrequencies, i % Grid.PlaneFrequencies);
                var f = range.Slices * Grid.PlaneFrequencies + plane;
                var width = Blocks.WidthOf(block);
                var terms = HasSecond && !Grid.InHalf(f) ? Source.Shape.C : Terms;
                var maximum = RegisterTile.MaximumRows(TSimd.Lanes, width / TSimd.Lanes);
                var products = sums + f * WinogradWeight.FrequencyStride(Blocks, Terms) + (long)block * Blocks.Width * Terms;
                var inputs = transforms + plane * InputStride;
                var gradients = transforms + Grid.PlaneFrequencies * InputStride + plane * GradientStride + (long)block * Blocks.Width * BlockTiles;
                tile.StrideC = width;
                for (var first = 0; first < tiles; first += SumTiles)
                {
                    tile.Steps = Math.Min(SumTiles, tiles - first);
                    tile.Accumulate = range.Accumulate || first > 0;
                    segment.B = (byte*)(gradients + (long)first * width);
                    for (var panel = 0; panel < terms; panel += Panel)
                    {
                        var last = Math.Min(panel + Panel, terms);
                        for (int term = panel, rows; term < last; term += rows)
                        {
                            rows = RegisterTile.NextRows(last - term, maximum);
                            segment.A = (byte*)(inputs + panel / Panel * PanelStride + (long)first * Panel + term - panel);
                            tile.Run<TSimd, TVector>(rows, width / TSimd.Lanes, products + (long)term * width);
                        }
                    }
                }
            }
        }
    }

    private readonly struct PartBody(Plan plan) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var transforms = plan.Transforms + worker * plan.TransformLength;
            for (var part = from; part < until; part++)
            {
                var start = (int)((long)plan.Grid.Tiles * part / plan.Parts);
                var end = (int)((long)plan.Grid.Tiles * (part + 1) / plan.Parts);
                for (var first = start; first < end; first += plan.BlockTiles)
                {
                    var last = Math.Min(first + plan.BlockTiles, end);
                    for (var slices = 0; slices < plan.Grid.SliceFrequencies; slices++)
                    {
                        var block = new Block(slices, first, last, first > start);
                        plan.Transform(block, first, last, transforms, worker);
                        plan.Multiply(block, 0, plan.ProductItems, transforms, plan.Products + part * plan.ProductLength);
                    }
                }
            }
        }
    }

    /// <summary>Adds the parts to the first one.</summary>
    private readonly struct SumBody(Plan plan) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var last = Math.Min((long)until * SumLength, plan.ProductLength);
            for (var i = (long)from * SumLength; i < last; i += Vector<float>.Count)
            {
                var sum = Vector.Load(plan.Products + i);
                for (var part = 1; part < plan.Parts; part++)
                    sum += Vector.Load(plan.Products + part * plan.ProductLength + i);
                sum.Store(plan.Products + i);
            }
        }
    }

    private readonly struct TransformBody(Plan plan, Block block) : IParallelBody
    {
        public void Execute(int from, int until, int worker) =>
            plan.Transform(block, block.First + from * RunTiles, Math.Min(block.First + until * RunTiles, block.Last), plan.Transforms, worker);
    }

    private readonly struct ProductBody(Plan plan, Block block) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => plan.Multiply(block, from, until, plan.Transforms, plan.Products);
    }
}
