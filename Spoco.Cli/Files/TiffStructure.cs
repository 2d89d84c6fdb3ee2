using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads a TIFF's chain of pages: no loop, and every entry's values inside the file.</summary>
internal static class TiffStructure
{
    private const int Reduced = 1, Mask = 4, OldReduced = 2;

    /// <summary>The directories of the file's pages, in their order. Levels that hang below a page (SubIFDs) are none of them.</summary>
    public static List<TiffDirectory> Pages(TiffReader reader)
    {
        var path = reader.Path;
        if (reader.Length == 0)
            throw FileSignature.Not(path, "a TIFF file");
        var order = reader.Number(0, 2);
        reader.BigEndian = order == 0x4D4D;
        if (order is not (0x4949 or 0x4D4D) || reader.Number(2, 2) is not (42 or 43))
            throw FileSignature.Not(path, "a TIFF file");
        reader.BigTiff = reader.Number(2, 2) == 43;
        if (reader.BigTiff && (reader.Number(4, 2) != 8 || reader.Number(6, 2) != 0))
            throw new InputException($"{path}: BigTIFF with offsets of another size than 8 bytes.");

        var (countBytes, entryBytes, offsetBytes) = reader.BigTiff ? (8, 20, 8) : (2, 12, 4);
        var seen = new HashSet<long>();
        var pages = new List<TiffDirectory>();
        long directories = 0;
        for (var at = reader.Offset(reader.BigTiff ? 8 : 4); at != 0;)
        {
            if (!seen.Add(at))
                throw new InputException($"{path}: damaged TIFF (its pages form a loop).");
            var count = reader.Number(at, countBytes);
            if (count is < 1 or > ushort.MaxValue)
                throw new InputException($"{path}: damaged TIFF (a page with {count} entries).");
            var first = at + countBytes;
            reader.Require(first, count * entryBytes + offsetBytes);
            if ((directories += count * entryBytes) > reader.Length)
                throw new InputException($"{path}: damaged TIFF (its pages overlap).");
            var entries = new Dictionary<int, TiffEntry>();
            // Micro-Manager writes two descriptions; the first one is OME-XML and counts.
            for (var entry = first; entry < first + count * entryBytes; entry += entryBytes)
                entries.TryAdd((int)reader.Number(entry, 2), ReadEntry(reader, entry));
            pages.Add(new TiffDirectory(reader, entries, pages.Count));
            at = reader.Offset(first + count * entryBytes);
        }
        return pages.Count > 0 ? pages : throw new InputException($"{path}: TIFF without a page.");
    }

    /// <summary>
    /// The pages of full resolution: no smaller copies, as pyramids and thumbnails have, and no transparency masks. Where all are marked
    /// as such, as in one level cut out of a pyramid, those of the first one's size.
    /// </summary>
    public static List<TiffDirectory> FullResolution(List<TiffDirectory> pages)
    {
        var full = pages.FindAll(page =>
            (page.Number(TiffTag.SUBFILETYPE, 0) & (Reduced | Mask)) == 0 && page.Number(TiffTag.OSUBFILETYPE, 0) != OldReduced);
        return full.Count > 0 ? full : pages.FindAll(page => Size(page) == Size(pages[0]));

        static (long, long) Size(TiffDirectory page) => (page.Number(TiffTag.IMAGEWIDTH, 0), page.Number(TiffTag.IMAGELENGTH, 0));
    }

    private static TiffEntry ReadEntry(TiffReader reader, long entry)
    {
        var type = (int)reader.Number(entry + 2, 2);
        var count = reader.Offset(entry + 4);
        var size = TiffDirectory.SizeOf(type);
        var field = entry + (reader.BigTiff ? 12 : 8);
        if (size == 0)
            return new TiffEntry(type, 0, field);
        if (count >= 0 && count <= (reader.BigTiff ? 8 : 4) / size)
            return new TiffEntry(type, count, field);
        var at = reader.Offset(field);
        reader.Require(at, count < 0 || count > reader.Length ? reader.Length + 1 : count * size);
        return new TiffEntry(type, count, at);
    }
}
