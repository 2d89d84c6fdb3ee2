using System.Buffers.Binary;
using BitMiracle.LibTiff.Classic;

namespace Spoco.Cli.Files;

/// <summary>What the header of a JPEG says.</summary>
/// <param name="Bits">Bits of a sample.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Samples">Samples of a pixel.</param>
/// <param name="Across">How often the first sample is taken for each time that the second is, along x.</param>
/// <param name="Down">The same along y.</param>
/// <param name="Lossless">Whether it is of the lossless kind, another format.</param>
internal readonly record struct JpegHeader(int Bits, int Width, int Height, int Samples, int Across, int Down, bool Lossless);

/// <summary>
/// Decodes a block of JPEG. The library's decoder is reached through a TIFF only, so the block is put into one of its own, in memory.
/// </summary>
internal static class TiffJpeg
{
    /// <summary>Finds the header of a JPEG; null where there is none.</summary>
    public static JpegHeader? Header(ReadOnlySpan<byte> data)
    {
        if (data is not [0xFF, 0xD8, ..])
            return null;
        for (var at = 2; at + 4 <= data.Length;)
        {
            if (data[at] != 0xFF)
                return null;
            var marker = data[at + 1];
            // Bytes of FF may fill the gap before a marker.
            if (marker == 0xFF)
            {
                at++;
                continue;
            }
            var length = BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]);
            var isFrame = marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
            if (length < 2 || at + 2 + length > data.Length || (isFrame && (length < 11 || length < 8 + 3 * data[at + 9])))
                return null;
            if (isFrame)
            {
                var sampling = data[at + 11];
                return new JpegHeader(
                    data[at + 4], BinaryPrimitives.ReadUInt16BigEndian(data[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(data[(at + 5)..]),
                    data[at + 9], sampling >> 4, sampling & 15, marker is 0xC3 or 0xC7 or 0xCB or 0xCF);
            }
            at += 2 + length;
        }
        return null;
    }

    /// <summary>Decodes a JPEG into interleaved samples of 8 bits; luminance and colour differences become red, green and blue.</summary>
    /// <param name="data">The JPEG.</param>
    /// <param name="tables">Its tables, where they are not within.</param>
    /// <param name="header">Its header.</param>
    /// <param name="photometric">What its samples mean.</param>
    /// <returns>Rows as wide as the header says; null where the data is damaged.</returns>
    public static byte[]? Decode(ReadOnlySpan<byte> data, byte[] tables, JpegHeader header, Photometric photometric)
    {
        using var stream = new MemoryStream(Wrap(data, tables, header, photometric));
        using var tiff = TiffLog.Listen(() => Tiff.ClientOpen("JPEG", "r", stream, new TiffStream()));
        if (tiff is null)
            return null;
        tiff.SetField(TiffTag.JPEGCOLORMODE, JpegColorMode.RGB);
        var pixels = new byte[header.Width * header.Height * header.Samples];
        var read = TiffLog.Listen(() => tiff.ReadEncodedStrip(0, pixels, 0, pixels.Length));
        // What is missing at the end of a JPEG is grey, with a warning.
        return read == pixels.Length && !TiffLog.Failed && !TiffLog.Warned ? pixels : null;
    }

    /// <summary>A little-endian TIFF of one page with one strip.</summary>
    private static byte[] Wrap(ReadOnlySpan<byte> data, byte[] tables, JpegHeader header, Photometric photometric)
    {
        var entries = new List<(TiffTag Tag, int Type, int Count, int Value)>
        {
            (TiffTag.IMAGEWIDTH, 4, 1, header.Width),
            (TiffTag.IMAGELENGTH, 4, 1, header.Height),
            // One value for all samples, which the library takes.
            (TiffTag.BITSPERSAMPLE, 3, 1, 8),
            (TiffTag.COMPRESSION, 3, 1, TiffCompression.Jpeg),
            (TiffTag.PHOTOMETRIC, 3, 1, (int)photometric),
            (TiffTag.STRIPOFFSETS, 4, 1, 0),
            (TiffTag.SAMPLESPERPIXEL, 3, 1, header.Samples),
            (TiffTag.ROWSPERSTRIP, 4, 1, header.Height),
            (TiffTag.STRIPBYTECOUNTS, 4, 1, data.Length),
        };
        if (tables.Length > 0)
            entries.Add((TiffTag.JPEGTABLES, 7, tables.Length, 0));
        if (photometric == Photometric.YCBCR)
            entries.Add((TiffTag.YCBCRSUBSAMPLING, 3, 2, header.Across | header.Down << 16));
        var end = 8 + 2 + 12 * entries.Count + 4;
        var file = new byte[end + tables.Length + data.Length];
        "II*\0\u0008\0\0\0"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)entries.Count);
        for (var i = 0; i < entries.Count; i++)
        {
            var (tag, type, count, value) = entries[i];
            var entry = file.AsSpan(10 + 12 * i);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, (ushort)tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)type);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], count);
            BinaryPrimitives.WriteInt32LittleEndian(
                entry[8..], tag switch { TiffTag.JPEGTABLES => end, TiffTag.STRIPOFFSETS => end + tables.Length, _ => value });
        }
        tables.CopyTo(file, end);
        data.CopyTo(file.AsSpan(end + tables.Length));
        return file;
    }
}
