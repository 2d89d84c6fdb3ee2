namespace Spoco.Kernels.Primitives;

/// <summary>Picks the instances of the transforms for a tensor, and cuts ranges of tiles into runs within a row.</summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Terms that always lie side by side: a cache line.</summary>
    public const int Panel = 16;

    /// <summary>Results along a row whose columns and frequencies fit the first-level cache.</summary>
    private const int RunResults = 16;

    /// <summary>Floats of scratch memory that <see cref="Input"/> needs.</summary>
    public static int ScratchLength => (RunResults + 2) * 6 * System.Numerics.Vector<float>.Count;

    /// <summary>
    /// Transforms the input of tiles [first, last) for a frequency of the slices:
    /// V[f frequencyStride + (term / 16) panelStride + (tile - first) rowStride + term % 16].
    /// </summary>
    public static void Input(
        in WinogradGrid grid, in WinogradSource source, int slices, int first, int last, float* v, nint rowStride, nint panelStride,
        nint frequencyStride, float* scratch)
    {
        var depth = grid.Depth(slices, source.Half);
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            var target = v + (tile - first) * rowStride;
            d = (source.Half && grid.UpD) || !grid.Deep ? d - grid.PaddingD : 2 * d - grid.PaddingD;
            switch (grid.Results, grid.UpPlane, source.Half && grid.UpPlane)
            {
                case (2, _, true):
                    WinogradInput<TwoResultsEnlarged, ScaledReading>.Transform(
                        source, depth, n, d, h - 1, w - 1, count, target, rowStride, panelStride, frequencyStride, scratch);
                    break;
                case (2, _, _):
                    Full<TwoResults>(grid, source, depth, n, d, h, w, count, target, rowStride, panelStride, frequencyStride, scratch);
                    break;
                case (_, _, true):
                    WinogradInput<FourResultsEnlarged, ScaledReading>.Transform(
                        source, depth, n, d, 2 * h - 1, 2 * w - 1, count, target, rowStride, panelStride, frequencyStride, scratch);
                    break;
                case (_, true, _):
                    Full<FourResults<EnlargedPoints>>(grid, source, depth, n, d, h, w, count, target, rowStride, panelStride, frequencyStride, scratch);
                    break;
                default:
                    Full<FourResults<AccuratePoints>>(grid, source, depth, n, d, h, w, count, target, rowStride, panelStride, frequencyStride, scratch);
                    break;
            }
        }
    }

    /// <summary>Adds the products of segments [from, until) at a frequency of the slices to the target.</summary>
    public static void Output(
        in WinogradGrid grid, in WinogradTarget target, int slices, int from, int until, float* m, nint rowStride, nint frequencyStride)
    {
        var depth = grid.Depth(slices, target.Half);
        var half = target.Half && grid.UpPlane;
        var (single, plane) = (grid.SlicesOf(target.Half) == 1, half ? grid.Results / 2 : grid.Results);
        // The first result of a tile has parts in frequencies 0 to 2, the second one in 1 to 3; a single one in 0, 1 and 3.
        var lowerEnds = slices == (grid.Deep ? single ? 3 : 2 : 0);
        for (var segment = from; segment < until; segment++)
        {
            var first = grid.FirstTile(segment);
            var count = grid.FirstTile(segment + 1) - first;
            var (n, d, h, w) = grid.Position(first);
            d = single ? d : 2 * d;
            var lower = new WinogradRow(segment, n, d, h * plane, w * plane, count, depth.Lower, slices == 0, lowerEnds);
            Row(grid, target, half, lower, m, rowStride, frequencyStride);
            if (!single)
            {
                var upper = new WinogradRow(segment, n, d + 1, h * plane, w * plane, count, depth.Upper, slices == 1, slices == 3);
                Row(grid, target, half, upper, m, rowStride, frequencyStride);
            }

            m += count * rowStride;
        }
    }

    /// <summary>
    /// Transforms the output gradient of tiles [first, last) at a frequency of the slices:
    /// Z[f frequencyStride + place of the block + (tile - firstTile) width + channel].
    /// </summary>
    public static void Gradient(
        in WinogradGrid grid, in WinogradSource source, int slices, ChannelBlocks blocks, int blockTiles, int firstTile, int first, int last,
        float* z,
        nint frequencyStride)
    {
        var depth = grid.Depth(slices, false);
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            d = grid.Deep ? 2 * d : d;
            switch (grid.Results, grid.UpPlane)
            {
                case (2, _):
                    Spread<TwoResults>(source, depth, n, d, h, w, count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
                    break;
                case (_, true):
                    Spread<FourResults<EnlargedPoints>>(source, depth, n, d, h, w, count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
                    break;
                default:
                    Spread<FourResults<AccuratePoints>>(source, depth, n, d, h, w, count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
                    break;
            }
        }
    }

    private static void Full<TPlane>(
        in WinogradGrid grid, in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, float* v, nint rowStride,
        nint panelStride, nint frequencyStride, float* scratch) where TPlane : struct, IWinogradFullAxis
    {
        (h, w) = (TPlane.Results * h - grid.PaddingH, TPlane.Results * w - grid.PaddingW);
        if (source.Gate != null)
            WinogradInput<TPlane, GatedReading>.Transform(source, depth, n, d, h, w, tiles, v, rowStride, panelStride, frequencyStride, scratch);
        else
            WinogradInput<TPlane, ScaledReading>.Transform(source, depth, n, d, h, w, tiles, v, rowStride, panelStride, frequencyStride, scratch);
    }

    private static void Spread<TPlane>(
        in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, ChannelBlocks blocks, int blockTiles, float* z, int place,
        nint frequencyStride) where TPlane : struct, IWinogradFullAxis
    {
        (h, w) = (TPlane.Results * h, TPlane.Results * w);
        if (source.Gate != null)
            WinogradGradient<TPlane, GatedReading>.Transform(source, depth, n, d, h, w, tiles, blocks, blockTiles, z, place, frequencyStride);
        else
            WinogradGradient<TPlane, ScaledReading>.Transform(source, depth, n, d, h, w, tiles, blocks, blockTiles, z, place, frequencyStride);
    }

    private static void Row(
        in WinogradGrid grid, in WinogradTarget target, bool half, in WinogradRow row, float* m, nint rowStride, nint frequencyStride)
    {
        if (row.D >= target.Shape.D || row.Weight == 0)
            return;
        switch (grid.Results, grid.UpPlane, half)
        {
            case (2, _, true):
                WinogradOutput<TwoResultsEnlarged>.Transform(target, row, m, rowStride, frequencyStride);
                break;
            case (2, _, _):
                WinogradOutput<TwoResults>.Transform(target, row, m, rowStride, frequencyStride);
                break;
            case (_, _, true):
                WinogradOutput<FourResultsEnlarged>.Transform(target, row, m, rowStride, frequencyStride);
                break;
            case (_, true, _):
                WinogradOutput<FourResults<EnlargedPoints>>.Transform(target, row, m, rowStride, frequencyStride);
                break;
            default:
                WinogradOutput<FourResults<AccuratePoints>>.Transform(target, row, m, rowStride, frequencyStride);
                break;
        }
    }

    private static int Run(in WinogradGrid grid, int w, int remaining) => Math.Min(Math.Min(remaining, grid.TilesW - w), RunResults / grid.Results);
}
