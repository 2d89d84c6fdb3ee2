using System.IO.Compression;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Undoes the compression of blocks of a TIFF.</summary>
internal static class TiffCompression
{
    public const int None = 1, Lzw = 5, Jpeg = 7, AdobeDeflate = 8, Deflate = 32946, PackBits = 32773, Zstd = 50000, OldZstd = 34926;

    private const string WithTiffcp = "convert it with: tiffcp -c lzw IN OUT";

    private const string WithFiji = "open it in Fiji (File > Import > Bio-Formats) and save it as TIFF";

    /// <summary>The most bytes a compressed byte can stand for.</summary>
    /// <exception cref="InputException">The compression is not read.</exception>
    public static int MaxRatio(int compression, string path) => compression switch
    {
        None => 1,
        PackBits => 64,
        AdobeDeflate or Deflate => 1032,
        // Blocks of 8 x 8 take a bit for the mean and one for "no more"; of colours sampled coarsely there are still fewer.
        Jpeg => 2048,
        // A 9- to 12-bit code stands for at most 4096 bytes.
        Lzw => 4096,
        // A block of 128 KiB that repeats one byte takes four.
        Zstd or OldZstd => 1 << 15,
        _ => throw Unread(compression, path),
    };

    /// <summary>Fills a block from what the file holds of it.</summary>
    /// <returns>False where the data is damaged or too short.</returns>
    public static bool Decode(int compression, ReadOnlySpan<byte> data, Span<byte> block)
    {
        try
        {
            switch (compression)
            {
                case None:
                    if (data.Length < block.Length)
                        return false;
                    data[..block.Length].CopyTo(block);
                    return true;
                case PackBits: return DecodePackBits(data, block);
                case Lzw: return TiffLzw.Decode(data, block);
                case AdobeDeflate or Deflate: return Inflate(data, block);
                default: return DecodeZstd(data, block);
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            return false;
        }
    }

    private static InputException Unread(int compression, string path)
    {
        var (name, remedy) = compression switch
        {
            2 or 3 or 4 or 32771 => ("fax (CCITT)", WithTiffcp),
            6 => ("old-style JPEG", WithTiffcp),
            32809 => ("ThunderScan", WithTiffcp),
            32908 or 32909 => ("PixarLog", WithTiffcp),
            34661 => ("JBIG", WithTiffcp),
            34676 or 34677 => ("SGI LogLuv", WithTiffcp),
            34887 => ("LERC", WithTiffcp),
            34925 => ("LZMA", WithTiffcp),
            50001 or 34927 => ("WebP", WithTiffcp),
            33003 or 33004 or 33005 or 33007 or 34712 => ("JPEG 2000", WithFiji),
            34892 or 33757 => ("lossy JPEG", WithFiji),
            22610 or 34934 => ("JPEG XR", WithFiji),
            34933 => ("PNG", WithFiji),
            50002 or 52546 => ("JPEG XL", WithFiji),
            _ => ($"compression {compression}", WithFiji),
        };
        return new InputException($"{path}: {name} inside TIFF is not read; {remedy}.");
    }

    private static unsafe bool Inflate(ReadOnlySpan<byte> data, Span<byte> block)
    {
        fixed (byte* first = data)
        {
            using var stream = new UnmanagedMemoryStream(first, data.Length);
            using var inflated = new ZLibStream(stream, CompressionMode.Decompress);
            inflated.ReadExactly(block);
            // One byte more reaches the end of the stream, where its checksum is compared.
            inflated.ReadByte();
            return true;
        }
    }

    private static unsafe bool DecodeZstd(ReadOnlySpan<byte> data, Span<byte> block)
    {
        fixed (byte* first = data)
        {
            using var stream = new UnmanagedMemoryStream(first, data.Length);
            using var decoded = new ZstdSharp.DecompressionStream(stream);
            decoded.ReadExactly(block);
            return true;
        }
    }

    private static bool DecodePackBits(ReadOnlySpan<byte> data, Span<byte> block)
    {
        var (from, to) = (0, 0);
        while (to < block.Length)
        {
            if (from >= data.Length)
                return false;
            var head = (sbyte)data[from++];
            // -128 stands for nothing.
            if (head == sbyte.MinValue)
                continue;
            var count = Math.Min(Math.Abs((int)head) + 1, block.Length - to);
            if (from + (head < 0 ? 1 : count) > data.Length)
                return false;
            if (head < 0)
                block.Slice(to, count).Fill(data[from++]);
            else
                data.Slice(from, count).CopyTo(block[to..]);
            from += head < 0 ? 0 : count;
            to += count;
        }
        return true;
    }
}
