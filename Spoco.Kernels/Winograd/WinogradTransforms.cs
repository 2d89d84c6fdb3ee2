namespace Spoco.Kernels.Primitives;

/// <summary>Picks the instances of the transforms for a tensor, and cuts ranges of tiles into runs within a row.</summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Terms that always lie side by side: a cache line.</summary>
    public const int Panel = 16;

    /// <summary>Tiles whose columns and frequencies fit the first-level cache.</summary>
    private const int RunTiles = 16;

    /// <summary>Floats of scratch memory that <see cref="Input"/> needs.</summary>
    public static int ScratchLength => (2 * RunTiles + 2) * 4 * System.Numerics.Vector<float>.Count;

    /// <summary>
    /// Transforms the input of tiles [first, last) for a frequency of the slices:
    /// V[f frequencyStride + (term / 16) panelStride + (tile - first) rowStride + term % 16].
    /// </summary>
    public static void Input(
        in WinogradGrid grid, in WinogradSource source, int slices, int first, int last, float* v, nint rowStride, nint panelStride,
        nint frequencyStride, float* scratch)
    {
        var depth = grid.Depth(slices, source.Half);
        var half = source.Half && grid.UpPlane;
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            var target = v + (tile - first) * rowStride;
            d = (source.Half && grid.UpD) || !grid.Deep ? d - grid.PaddingD : 2 * d - grid.PaddingD;
            if (half)
            {
                WinogradInput<HalfAxis, ScaledReading>.Transform(
                    source, depth, n, d, h - 1, w - 1, count, target, rowStride, panelStride, frequencyStride, scratch);
                continue;
            }

            (h, w) = (2 * h - grid.PaddingH, 2 * w - grid.PaddingW);
            if (source.Gate != null)
            {
                WinogradInput<FullAxis, GatedReading>.Transform(
                    source, depth, n, d, h, w, count, target, rowStride, panelStride, frequencyStride, scratch);
                continue;
            }

            WinogradInput<FullAxis, ScaledReading>.Transform(
                source, depth, n, d, h, w, count, target, rowStride, panelStride, frequencyStride, scratch);
        }
    }

    /// <summary>Adds the products of tiles [first, last) at a frequency of the slices to the target.</summary>
    public static void Output(
        in WinogradGrid grid, in WinogradTarget target, int slices, int first, int last, float* m, nint rowStride, nint frequencyStride)
    {
        var depth = grid.Depth(slices, target.Half);
        var half = target.Half && grid.UpPlane;
        var (single, plane) = ((target.Half && grid.UpD) || !grid.Deep, half ? 1 : 2);
        // The first result of a tile has parts in frequencies 0 to 2, the second one in 1 to 3; a single one in 0, 1 and 3.
        var lowerEnds = slices == (grid.Deep ? single ? 3 : 2 : 0);
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            var source = m + (tile - first) * rowStride;
            d = single ? d : 2 * d;
            Slice(target, half, depth.Lower, slices == 0, lowerEnds, n, d, h * plane, w * plane, count, source, rowStride, frequencyStride);
            if (!single)
                Slice(target, half, depth.Upper, slices == 1, slices == 3, n, d + 1, h * plane, w * plane, count, source, rowStride, frequencyStride);
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
            if (source.Gate != null)
                WinogradGradient<GatedReading>.Transform(
                    source, depth, n, d, 2 * h, 2 * w, count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
            else
                WinogradGradient<ScaledReading>.Transform(
                    source, depth, n, d, 2 * h, 2 * w, count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
        }
    }

    private static void Slice(
        in WinogradTarget target, bool half, float weight, bool begins, bool ends, int n, int d, int h, int w, int tiles, float* m, nint rowStride,
        nint frequencyStride)
    {
        if (half)
            WinogradOutput<HalfAxis>.Transform(target, weight, begins, ends, n, d, h, w, tiles, m, rowStride, frequencyStride);
        else
            WinogradOutput<FullAxis>.Transform(target, weight, begins, ends, n, d, h, w, tiles, m, rowStride, frequencyStride);
    }

    private static int Run(in WinogradGrid grid, int w, int remaining) => Math.Min(Math.Min(remaining, grid.TilesW - w), RunTiles);
}
