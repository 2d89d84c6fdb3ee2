using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>PNG colour types; bit 0 = palette, bit 1 = colour, bit 2 = alpha.</summary>
internal enum PngColour : byte
{
    Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4, RgbAlpha = 6,
}

/// <summary>What a PNG's header says.</summary>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, PngColour Colour, bool Interlaced)
{
    /// <summary>Samples of a pixel as stored, alpha included.</summary>
    public int SamplesPerPixel => Colour switch { PngColour.Rgb => 3, PngColour.GreyAlpha => 2, PngColour.RgbAlpha => 4, _ => 1 };

    /// <summary>Samples of a pixel without alpha.</summary>
    public int Channels => Colour is PngColour.Rgb or PngColour.RgbAlpha ? 3 : 1;

    public long RowBytes(int pixels) => ((long)pixels * SamplesPerPixel * BitDepth + 7) / 8;
}

/// <summary>Undoes compression, row filters and interlacing of one PNG.</summary>
internal sealed class PngDecoder<T>(string path, PngHeader header, byte[] palette, MemoryStream compressed) where T : unmanaged
{
    // A match of 258 bytes takes two codes of one bit at least: 1032 bytes from one.
    private const int MaxDeflateRatio = 1032;

    private readonly bool _coloured = header.Colour == PngColour.Palette && typeof(T) != typeof(int);

    /// <summary>Adam7: first column and row, and the steps, of each pass.</summary>
    private static readonly (int X, int Y, int StepX, int StepY)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public Volume<T> Decode()
    {
        var channels = _coloured ? 3 : header.Channels;
        VolumeBuilder<T>.CheckExtents(path, 1, header.Height, header.Width, channels);
        if (header.RowBytes(header.Width) * header.Height > (compressed.Length + 1) * MaxDeflateRatio)
            throw new InputException($"{path}: PNG declares {header.Width} x {header.Height} pixels but has only {compressed.Length} bytes of data.");
        if (_coloured && (palette.Length == 0 || palette.Length % 3 != 0 || palette.Length > 768))
            throw new InputException($"{path}: PNG palette of {palette.Length} bytes.");
        var builder = new VolumeBuilder<T>(path, 1, header.Height, header.Width, channels);

        compressed.Position = 0;
        using var rows = new ZLibStream(compressed, CompressionMode.Decompress);
        try
        {
            foreach (var pass in header.Interlaced ? Adam7 : [(0, 0, 1, 1)])
                DecodePass(rows, builder, pass);
            // One byte more reaches the end of the stream, where its checksum is compared.
            rows.ReadByte();
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InputException($"{path}: the PNG's compressed data is damaged or cut off.", e);
        }
        return builder.Volume;
    }

    private void DecodePass(Stream rows, VolumeBuilder<T> builder, (int X, int Y, int StepX, int StepY) pass)
    {
        var width = (header.Width - pass.X + pass.StepX - 1) / pass.StepX;
        var height = (header.Height - pass.Y + pass.StepY - 1) / pass.StepY;
        if (width <= 0 || height <= 0)
            return;
        var rowBytes = checked((int)header.RowBytes(width));
        var pixelBytes = Math.Max(1, header.SamplesPerPixel * header.BitDepth / 8);
        var current = new byte[1 + rowBytes];
        var above = new byte[1 + rowBytes];
        var samples = new byte[header.BitDepth < 8 ? width : rowBytes];
        var channels = builder.Volume.Channels;
        for (var y = 0; y < height; y++)
        {
            rows.ReadExactly(current);
            Unfilter(current[0], current.AsSpan(1), above.AsSpan(1), pixelBytes);
            var first = ((long)(pass.Y + y * pass.StepY) * header.Width + pass.X) * channels;
            builder.Store(Unpack(current.AsSpan(1), samples), header.BitDepth == 16 ? SampleType.UInt16 : SampleType.UInt8,
                first, channels, channels * pass.StepX);
            (current, above) = (above, current);
        }
    }

    /// <summary>One row's samples, native-endian, without alpha, through the palette where the image is asked for.</summary>
    private ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> row, Span<byte> samples)
    {
        if (header.BitDepth < 8)
            PackedSamples.Unpack(row, header.BitDepth, samples);
        else if (header.BitDepth == 8 || !BitConverter.IsLittleEndian)
            row.CopyTo(samples);
        else
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(row), MemoryMarshal.Cast<byte, ushort>(samples));
        if (!_coloured)
            return PackedSamples.KeepChannels(samples, header.SamplesPerPixel, header.Channels, header.BitDepth == 16 ? 2 : 1);
        var colours = new byte[samples.Length * 3];
        for (var i = 0; i < samples.Length; i++)
        {
            if (samples[i] * 3 >= palette.Length)
                throw new InputException($"{path}: PNG uses colour {samples[i]} of a palette of {palette.Length / 3}.");
            palette.AsSpan(samples[i] * 3, 3).CopyTo(colours.AsSpan(i * 3));
        }
        return colours;
    }

    private void Unfilter(byte filter, Span<byte> row, ReadOnlySpan<byte> above, int pixelBytes)
    {
        switch (filter)
        {
            case 0:
                break;
            case 1:
                for (var i = pixelBytes; i < row.Length; i++)
                    row[i] += row[i - pixelBytes];
                break;
            case 2:
                for (var i = 0; i < row.Length; i++)
                    row[i] += above[i];
                break;
            case 3:
                for (var i = 0; i < row.Length; i++)
                    row[i] += (byte)((above[i] + (i < pixelBytes ? 0 : row[i - pixelBytes])) / 2);
                break;
            case 4:
                for (var i = 0; i < row.Length; i++)
                    row[i] += i < pixelBytes ? above[i] : Paeth(row[i - pixelBytes], above[i], above[i - pixelBytes]);
                break;
            default:
                throw new InputException($"{path}: PNG row with unknown filter {filter}.");
        }
    }

    /// <summary>Whichever of left, above and upper left is nearest to left + above - upper left.</summary>
    private static byte Paeth(byte left, byte above, byte upperLeft)
    {
        var (toLeft, toAbove) = (Math.Abs(above - upperLeft), Math.Abs(left - upperLeft));
        var toUpperLeft = Math.Abs(left + above - 2 * upperLeft);
        return toLeft <= toAbove && toLeft <= toUpperLeft ? left : toAbove <= toUpperLeft ? above : upperLeft;
    }
}
