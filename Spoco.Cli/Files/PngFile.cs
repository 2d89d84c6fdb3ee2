using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// PNG (ISO/IEC 15948). Reads every colour type, bit depth and interlacing, sample values as they are stored and without alpha; writes 8-bit
/// RGB pictures and 16-bit grey labels. Written here because exact 16-bit samples matter: labels are numbers, not brightness.
/// </summary>
internal static class PngFile
{
    private const int MaxSide = 1_000_000;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static readonly uint[] CrcTable = MakeCrcTable();

    /// <summary>
    /// Reads an image (<see cref="float"/>) or labels (<see cref="int"/>). Of a palette image, the image is the colours and the labels are the
    /// palette's indices.
    /// </summary>
    public static Volume<T> Read<T>(string path) where T : unmanaged
    {
        var file = FileContents.Read(path);
        if (!file.AsSpan().StartsWith(Signature))
            throw FileSignature.Not(path, "a PNG file");

        PngHeader? header = null;
        byte[] palette = [];
        using var data = new MemoryStream();
        for (var at = Signature.Length; ;)
        {
            var (type, body, next) = ReadChunk(path, file, at);
            at = next;
            if (header is null && type != "IHDR")
                throw new InputException($"{path}: PNG does not begin with its header.");
            switch (type)
            {
                case "IHDR" when header is null:
                    header = ReadHeader(path, body);
                    break;
                case "PLTE":
                    palette = body.ToArray();
                    break;
                case "IDAT":
                    data.Write(body.Span);
                    break;
                case "IEND":
                    return new PngDecoder<T>(path, header!.Value, palette, data).Decode();
                default:
                    // An upper-case first letter marks a chunk without which the image cannot be understood.
                    if (char.IsAsciiLetterUpper(type[0]))
                        throw new InputException($"{path}: unexpected PNG chunk '{type}'.");
                    break;
            }
        }
    }

    /// <summary>Channels that reading the file as an image or, for a palette, as labels yields; reads its header only.</summary>
    public static int Channels(string path)
    {
        using var stream = FileContents.Open(path);
        var head = new byte[Signature.Length + 12 + 13];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length || !head.AsSpan().StartsWith(Signature))
            throw FileSignature.Not(path, "a PNG file");
        return ReadHeader(path, ReadChunk(path, head, Signature.Length).Body).Colour is PngColour.Rgb or PngColour.RgbAlpha ? 3 : 1;
    }

    /// <summary>What the file says wrote it; null where it does not say before its pixels. Reads no pixel.</summary>
    public static string? Software(string path)
    {
        using var stream = FileContents.Open(path);
        var head = new byte[Signature.Length + 12 + 13 + 12 + 256];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (!head.AsSpan(0, read).StartsWith(Signature))
            return null;
        var (_, _, next) = ReadChunk(path, head[..read], Signature.Length);
        if (read < next + 8 || !head.AsSpan(next + 4, 4).SequenceEqual("tEXt"u8))
            return null;
        var text = Encoding.Latin1.GetString(ReadChunk(path, head[..read], next).Body.Span);
        return text.StartsWith(ResultMark.Key + '\0', StringComparison.Ordinal) ? text[(ResultMark.Key.Length + 1)..] : null;
    }

    /// <summary>Writes an 8-bit RGB picture, rows top to bottom, three bytes a pixel.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rgb">The pixels.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="software">What it says wrote it (<see cref="ResultMark"/>); null for an image that is to be read as any other.</param>
    public static void WriteRgb(string path, ReadOnlyMemory<byte> rgb, int height, int width, string? software = null)
    {
        if (height < 1 || width < 1 || rgb.Length != 3L * height * width)
            throw new ArgumentException($"PNG: {rgb.Length} bytes do not fill {width} x {height} RGB pixels.", nameof(rgb));
        AtomicFile.Write(path, stream => Write(stream, rgb.Span, height, width, bitDepth: 8, PngColour.Rgb, software));
    }

    /// <summary>Writes labels as 16-bit grey, exactly.</summary>
    /// <param name="path">The file.</param>
    /// <param name="labels">The labels.</param>
    /// <param name="software">What it says wrote it (<see cref="ResultMark"/>); null for true labels, which no result may replace.</param>
    public static void WriteLabels(string path, Volume<int> labels, string? software = null)
    {
        if (labels.Depth != 1)
            throw new InputException($"{path}: a PNG holds one slice, the labels are {labels}; write TIFF or HDF5.");
        var largest = OutputFile.LargestLabel(path, labels);
        if (largest > ushort.MaxValue)
            throw new InputException($"{path}: label {largest} does not fit a PNG (0 to 65535); write TIFF or HDF5.");
        var samples = new byte[2L * labels.Data.Length];
        for (var i = 0; i < labels.Data.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(samples.AsSpan(2 * i), (ushort)labels.Data[i]);
        AtomicFile.Write(path, stream => Write(stream, samples, labels.Height, labels.Width, bitDepth: 16, PngColour.Grey, software));
    }

    private static (string Type, ReadOnlyMemory<byte> Body, int Next) ReadChunk(string path, byte[] file, int at)
    {
        // length, type, body, checksum
        if (file.Length - at < 12)
            throw new InputException($"{path}: PNG is cut off after {file.Length} bytes.");
        var length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
        if (length > file.Length - at - 12)
            throw new InputException($"{path}: PNG is cut off after {file.Length} bytes.");
        var typed = file.AsSpan(at + 4, 4 + (int)length);
        if (BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + (int)length)) != Crc(typed))
            throw new InputException($"{path}: PNG is damaged (checksum of the chunk at byte {at} is wrong).");
        foreach (var letter in typed[..4])
            if (!char.IsAsciiLetter((char)letter))
                throw new InputException($"{path}: PNG is damaged (chunk without a name at byte {at}).");
        return (Encoding.ASCII.GetString(typed[..4]), file.AsMemory(at + 8, (int)length), at + 12 + (int)length);
    }

    private static PngHeader ReadHeader(string path, ReadOnlyMemory<byte> body)
    {
        if (body.Length != 13)
            throw new InputException($"{path}: PNG header of {body.Length} bytes.");
        var bytes = body.Span;
        var width = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var height = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        if (width is 0 or > MaxSide || height is 0 or > MaxSide)
            throw new InputException($"{path}: PNG of {width} x {height} pixels; sides are 1 to {MaxSide}.");
        var (bitDepth, colour) = (bytes[8], (PngColour)bytes[9]);
        var known = colour switch
        {
            PngColour.Grey => bitDepth is 1 or 2 or 4 or 8 or 16,
            PngColour.Palette => bitDepth is 1 or 2 or 4 or 8,
            PngColour.Rgb or PngColour.GreyAlpha or PngColour.RgbAlpha => bitDepth is 8 or 16,
            _ => false,
        };
        if (!known || bytes[10] != 0 || bytes[11] != 0 || bytes[12] > 1)
            throw new InputException(
                $"{path}: no PNG has bit depth {bitDepth}, colour {bytes[9]}, compression {bytes[10]}, filter {bytes[11]}, interlace {bytes[12]}.");
        return new PngHeader((int)width, (int)height, bitDepth, colour, Interlaced: bytes[12] == 1);
    }

    private static void Write(Stream stream, ReadOnlySpan<byte> samples, int height, int width, byte bitDepth, PngColour colour, string? software)
    {
        stream.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = bitDepth;
        header[9] = (byte)colour;
        header[10..].Clear();
        WriteChunk(stream, "IHDR"u8, header);
        if (software is not null)
            WriteChunk(stream, "tEXt"u8, Encoding.Latin1.GetBytes($"{ResultMark.Key}\0{software}"));

        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
            WriteRows(deflate, samples, height);
        WriteChunk(stream, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(stream, "IEND"u8, []);
    }

    /// <summary>Every row as its difference to the row above (filter 2): labels and pictures change little from row to row.</summary>
    private static void WriteRows(Stream deflate, ReadOnlySpan<byte> samples, int height)
    {
        var rowBytes = samples.Length / height;
        var filtered = new byte[1 + rowBytes];
        filtered[0] = 2;
        for (var y = 0; y < height; y++)
        {
            var row = samples.Slice(y * rowBytes, rowBytes);
            for (var i = 0; i < rowBytes; i++)
                filtered[1 + i] = (byte)(row[i] - (y == 0 ? 0 : samples[(y - 1) * rowBytes + i]));
            deflate.Write(filtered);
        }
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        var typed = new byte[4 + body.Length];
        type.CopyTo(typed);
        body.CopyTo(typed.AsSpan(4));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        stream.Write(number);
        stream.Write(typed);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(typed));
        stream.Write(number);
    }

    /// <summary>CRC-32 as in PNG's annex D.</summary>
    internal static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = CrcTable[(byte)(crc ^ value)] ^ crc >> 8;
        return ~crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (uint n = 0; n < table.Length; n++)
        {
            var c = n;
            for (var bit = 0; bit < 8; bit++)
                c = (c & 1) == 0 ? c >> 1 : 0xEDB88320 ^ c >> 1;
            table[n] = c;
        }
        return table;
    }
}
