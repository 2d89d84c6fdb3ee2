using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>How much memory it takes to read a TIFF by boxes.</summary>
/// <param name="Blocks">Bytes for blocks that are decoded.</param>
/// <param name="Others">Bytes for what the pages say of themselves, and for decoding a block.</param>
internal readonly record struct TiffMemory(long Blocks, long Others)
{
    // Entries of a page's tags, about thirty of them.
    private const long DirectoryBytes = 1 << 11;

    // Where a block is and how long, as numbers and as the file has them.
    private const long TableBytes = 4 * sizeof(long);

    // Blocks below are not what makes memory too small.
    private const long LargeBlock = 64L << 20;

    /// <summary>All bytes.</summary>
    public long Total => Blocks + Others;

    /// <summary>
    /// Looks at every page. Decoded blocks get an eighth of the memory, so that neighbouring boxes find most of theirs, but no more than all of them
    /// need; and, whatever the memory is, what one place of the image needs: a block, or one for each plane of channels.
    /// </summary>
    /// <param name="plan">The image.</param>
    /// <param name="memory">Bytes for the image and what is to be computed of it.</param>
    /// <exception cref="InputException">A page is damaged, or blocks are so large that they alone exceed the memory.</exception>
    public static TiffMemory Of(TiffPlan plan, long memory)
    {
        var (all, place, pages, decoding) = (default(UInt128), 0L, plan.Directories * DirectoryBytes, 0L);
        TiffLayout? largest = null;
        foreach (var page in plan.AllPages())
        {
            var layout = page.Layout;
            var row = Math.Max(TiffBlocks.AheadBytes, layout.RowBytes);
            // A row as it is stored, unpacked, and without alpha or in colours.
            decoding = Math.Max(decoding, layout.Blocks * TableBytes + row + 3 * sizeof(double) * (long)layout.BlockSamples * layout.BlockWidth);
            if (page.IsDirect)
                continue;
            var (block, planes) = ((UInt128)layout.BlockBytes + BlockCache.EntryBytes, (ulong)(layout.Planar ? layout.Channels : 1) * (ulong)plan.PagesPerSlice);
            all += block * (ulong)layout.Blocks;
            if (block * planes > (ulong)place)
                (place, largest) = ((long)UInt128.Min(block * planes, long.MaxValue / 4), layout);
            // A JPEG is put into a file in memory, and its pixels come in an array of their own.
            var copies = layout.Compression == TiffCompression.Jpeg ? 2 * page.LongestCount + layout.BlockBytes : 0;
            decoding = Math.Max(decoding, layout.Blocks * TableBytes + row + page.LongestCount + copies);
        }
        var blocks = (long)UInt128.Min(all, (ulong)Math.Max(place, memory / 8));
        var result = new TiffMemory(blocks, pages + decoding);
        return largest is null || result.Total < memory || place <= LargeBlock ? result
            : throw TooLarge(plan.Path, largest, $"that takes {result.Total >> 20} MiB, and {Math.Max(0, memory >> 20)} MiB are left for it");
    }

    /// <summary>The error of a file whose blocks are too large to be decompressed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="why">What forbids it.</param>
    public static InputException TooLarge(string path, TiffLayout layout, string why)
    {
        var (block, smaller) = layout.Tiled ? ("tile", "-t -w 512 -l 512") : ("strip", "-r 16");
        var slices = layout.BlockDepth > 1 ? $" x {layout.BlockDepth}" : "";
        return new InputException($"{path}: a {block} has {layout.BlockWidth} x {layout.BlockHeight}{slices} pixels and is decompressed as a whole; {why}: "
            + $"save it in smaller ones, with: tiffcp {smaller} IN OUT.");
    }
}
