using System.Buffers.Binary;
using System.IO.Compression;
using Spoco.Cli.Files;

namespace Spoco.Tests.Files;

/// <summary>A PNG encoder for every colour type, bit depth, filter and interlacing, written apart from the one under test.</summary>
internal static class TestPng
{
    /// <param name="samples">Samples of all pixels, alpha included, each below 2^bits.</param>
    public static byte[] Encode(int[] samples, int width, int height, int colour, int bits, bool interlaced = false, byte[]? palette = null)
    {
        var perPixel = colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            (int X, int Y, int Dx, int Dy)[] passes = interlaced
                ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
                : [(0, 0, 1, 1)];
            foreach (var (x0, y0, dx, dy) in passes)
            {
                byte[]? above = null;
                for (int y = y0, filter = 0; y < height && x0 < width; y += dy, filter++)
                {
                    var rowSamples = new List<int>();
                    for (var x = x0; x < width; x += dx)
                        rowSamples.AddRange(samples.Skip((y * width + x) * perPixel).Take(perPixel));
                    var row = Pack(rowSamples, bits);
                    deflate.WriteByte((byte)(filter % 5));
                    deflate.Write(Filter(row, above ?? new byte[row.Length], filter % 5, Math.Max(1, perPixel * bits / 8)));
                    above = row;
                }
            }
        }
        return File(Header(width, height, bits, colour, interlaced), palette, data.ToArray());
    }

    public static byte[] Header(int width, int height, int bits, int colour, bool interlaced)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = (byte)bits;
        header[9] = (byte)colour;
        header[12] = (byte)(interlaced ? 1 : 0);
        return header;
    }

    /// <summary>The data is split into two chunks, with a chunk between header and data that a reader must skip.</summary>
    public static byte[] File(byte[] header, byte[]? palette, byte[] data)
    {
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "tEXt"u8, "Comment\0made by a test"u8);
        if (palette is not null)
            Chunk(file, "PLTE"u8, palette);
        Chunk(file, "IDAT"u8, data.AsSpan(0, data.Length / 2));
        Chunk(file, "IDAT"u8, data.AsSpan(data.Length / 2));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>Makes every chunk's checksum right again, as far as the chunks' lengths make sense.</summary>
    public static void RepairChecksums(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (at + 12 + length > file.Length)
                return;
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)(at + 8 + length)), Crc(file.AsSpan((int)at + 4, 4 + (int)length)));
            at += 12 + length;
        }
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        byte[] typed = [.. type, .. body];
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        file.Write(typed);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(typed));
        file.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }

    private static byte[] Pack(List<int> samples, int bits)
    {
        var row = new byte[(samples.Count * bits + 7) / 8];
        for (var i = 0; i < samples.Count; i++)
            for (var bit = 0; bit < bits; bit++)
                if ((samples[i] >> (bits - 1 - bit) & 1) == 1)
                    row[(i * bits + bit) / 8] |= (byte)(0x80 >> (i * bits + bit) % 8);
        return row;
    }

    private static byte[] Filter(byte[] row, byte[] above, int filter, int pixelBytes)
    {
        var filtered = new byte[row.Length];
        for (var i = 0; i < row.Length; i++)
        {
            int a = i < pixelBytes ? 0 : row[i - pixelBytes], b = above[i], c = i < pixelBytes ? 0 : above[i - pixelBytes];
            var p = a + b - c;
            var paeth = Math.Abs(p - a) <= Math.Abs(p - b) && Math.Abs(p - a) <= Math.Abs(p - c) ? a : Math.Abs(p - b) <= Math.Abs(p - c) ? b : c;
            filtered[i] = (byte)(row[i] - filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => paeth });
        }
        return filtered;
    }
}
