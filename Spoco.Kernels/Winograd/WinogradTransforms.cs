namespace Spoco.Kernels.Primitives;

/// <summary>Picks the instances of the transforms for the axes of a tensor, and cuts ranges of tiles into runs within a row.</summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Tiles whose columns fit the first-level cache.</summary>
    private const int RunTiles = 16;

    /// <summary>Floats of scratch memory that <see cref="Input"/> and <see cref="Gradient"/> need.</summary>
    public static int ScratchLength => (2 * RunTiles + 2) * 16 * System.Numerics.Vector<float>.Count;

    /// <summary>Transforms the input of tiles [first, last): V[f frequencyStride + (tile - first) rowStride + channel].</summary>
    public static void Input(
        in WinogradGrid grid, in WinogradSource source, int first, int last, float* v, nint rowStride, nint frequencyStride, float* scratch)
    {
        var half = source.Half && grid.UpPlane;
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            var target = v + (tile - first) * rowStride;
            if (half && grid.UpD)
                WinogradInput<HalfAxis, HalfAxis>.Transform(grid, source, n, d, h, w, w + count, target, rowStride, frequencyStride, scratch);
            else if (half && grid.Deep)
                WinogradInput<FullAxis, HalfAxis>.Transform(grid, source, n, d, h, w, w + count, target, rowStride, frequencyStride, scratch);
            else if (half)
                WinogradInput<PlainAxis, HalfAxis>.Transform(grid, source, n, d, h, w, w + count, target, rowStride, frequencyStride, scratch);
            else if (grid.Deep)
                WinogradInput<FullAxis, FullAxis>.Transform(grid, source, n, d, h, w, w + count, target, rowStride, frequencyStride, scratch);
            else
                WinogradInput<PlainAxis, FullAxis>.Transform(grid, source, n, d, h, w, w + count, target, rowStride, frequencyStride, scratch);
        }
    }

    /// <summary>Transforms the products of tiles [first, last) back into the target.</summary>
    public static void Output(in WinogradGrid grid, in WinogradTarget target, int first, int last, float* m, nint rowStride, nint frequencyStride)
    {
        var half = target.Half && grid.UpPlane;
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            var source = m + (tile - first) * rowStride;
            if (half && grid.UpD)
                WinogradOutput<HalfAxis, HalfAxis>.Transform(target, n, d, h, w, w + count, source, rowStride, frequencyStride);
            else if (half && grid.Deep)
                WinogradOutput<FullAxis, HalfAxis>.Transform(target, n, d, h, w, w + count, source, rowStride, frequencyStride);
            else if (half)
                WinogradOutput<PlainAxis, HalfAxis>.Transform(target, n, d, h, w, w + count, source, rowStride, frequencyStride);
            else if (grid.Deep)
                WinogradOutput<FullAxis, FullAxis>.Transform(target, n, d, h, w, w + count, source, rowStride, frequencyStride);
            else
                WinogradOutput<PlainAxis, FullAxis>.Transform(target, n, d, h, w, w + count, source, rowStride, frequencyStride);
        }
    }

    /// <summary>Transforms the output gradient of tiles [first, last): Z[f frequencyStride + place of the block + (tile - first) width + channel].</summary>
    public static void Gradient(
        in WinogradGrid grid, in WinogradSource source, ChannelBlocks blocks, int blockTiles, int firstTile, int first, int last, float* z,
        nint frequencyStride)
    {
        for (int tile = first, count; tile < last; tile += count)
        {
            var (n, d, h, w) = grid.Position(tile);
            count = Run(grid, w, last - tile);
            if (grid.Deep)
                WinogradGradient<FullAxis>.Transform(source, n, d, h, w, w + count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
            else
                WinogradGradient<PlainAxis>.Transform(source, n, d, h, w, w + count, blocks, blockTiles, z, tile - firstTile, frequencyStride);
        }
    }

    private static int Run(in WinogradGrid grid, int w, int remaining) => Math.Min(Math.Min(remaining, grid.TilesW - w), RunTiles);
}
