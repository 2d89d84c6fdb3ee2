using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>One page's blocks, strips or tiles, numbered along x, then y, z and the planes of samples that lie apart.</summary>
internal sealed class TiffPage
{
    private readonly long[] _offsets;
    private readonly long[] _counts;

    private TiffPage(int index, TiffLayout layout, long[] offsets, long[] counts, byte[] tables) =>
        (Index, Layout, _offsets, _counts, Tables) = (index, layout, offsets, counts, tables);

    /// <summary>The page's number in the file, or the plane's where planes follow the first page.</summary>
    public int Index { get; }

    public TiffLayout Layout { get; }

    /// <summary>Tables that its JPEGs share.</summary>
    public byte[] Tables { get; }

    /// <summary>Whether its rows lie in the file as they are.</summary>
    public bool IsDirect => Layout.Compression == TiffCompression.None;

    /// <summary>Bytes of the longest block, as it is stored.</summary>
    public long LongestCount => _counts.Max();

    /// <summary>Reads where the blocks of a page are and how many bytes they have; each must hold what its pixels need.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="directory">The page's tags.</param>
    /// <param name="layout">The layout they state, whose size has been checked.</param>
    /// <exception cref="InputException">Blocks are missing, too short or outside the file.</exception>
    public static TiffPage Of(TiffReader reader, TiffDirectory directory, TiffLayout layout)
    {
        var (path, index) = (reader.Path, directory.Index);
        var (offsetTag, countTag) = layout.Tiled && directory.Has(TiffTag.TILEOFFSETS)
            ? (TiffTag.TILEOFFSETS, TiffTag.TILEBYTECOUNTS) : (TiffTag.STRIPOFFSETS, TiffTag.STRIPBYTECOUNTS);
        var (listed, sizes) = (directory.Count(offsetTag), directory.Count(countTag));
        // Old programs leave out the sizes of blocks that are not compressed.
        var sized = sizes > 0 || layout.Compression != TiffCompression.None;
        if (listed < layout.Blocks || (sized && sizes < layout.Blocks))
            throw new InputException(
                $"{path}: damaged TIFF (page {index} of {layout.Blocks} blocks lists {Math.Min(listed, sized ? sizes : listed)}).");
        var offsets = directory.Numbers(offsetTag).AsSpan(0, (int)layout.Blocks).ToArray();
        var counts = sized ? directory.Numbers(countTag).AsSpan(0, offsets.Length).ToArray() : new long[offsets.Length];
        for (var i = 0; i < offsets.Length; i++)
        {
            var wanted = layout.FilledBytes(i);
            if (!sized)
                counts[i] = wanted;
            if (counts[i] == 0)
                throw new InputException($"{path}: block {i} of page {index} is empty; save the image again with all its blocks.");
            if (offsets[i] < 0 || counts[i] < 0 || offsets[i] > reader.Length || counts[i] > reader.Length - offsets[i])
                throw new InputException($"{path}: TIFF is cut off or damaged (data at {offsets[i]}, the file has {reader.Length} bytes).");
            if ((UInt128)counts[i] * (ulong)TiffCompression.MaxRatio(layout.Compression, path) < (ulong)wanted)
                throw new InputException($"{path}: damaged TIFF (block {i} of page {index} has {counts[i]} bytes for {wanted}).");
        }
        return new TiffPage(index, layout, offsets, counts, layout.Compression == TiffCompression.Jpeg ? directory.Bytes(TiffTag.JPEGTABLES) : []);
    }

    /// <summary>A plane that has no page of its own but follows the first page's data; ImageJ writes stacks beyond 4 GiB so.</summary>
    /// <param name="layout">The first page's layout, which is plain.</param>
    /// <param name="plane">The plane's number.</param>
    /// <param name="start">Where the first page's data is.</param>
    public static TiffPage Following(TiffLayout layout, int plane, long start)
    {
        var bytes = layout.RowBytes * layout.Height;
        return new TiffPage(plane, layout with { BlockHeight = layout.Height }, [start + plane * bytes], [bytes], []);
    }

    /// <summary>Where a block is stored.</summary>
    public long Offset(long number) => _offsets[number];

    /// <summary>How many bytes it is stored in.</summary>
    public long Count(long number) => _counts[number];
}
