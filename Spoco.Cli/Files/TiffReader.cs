using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Numbers at places of a TIFF, in the file's byte order; a place outside the file is an <see cref="InputException"/>.</summary>
internal sealed class TiffReader(string path, Stream stream)
{
    private readonly byte[] _number = new byte[8];

    public bool BigEndian { get; set; }

    /// <summary>Whether offsets and counts have 8 bytes.</summary>
    public bool BigTiff { get; set; }

    public string Path => path;

    public long Length { get; } = stream.Length;

    public void Require(long at, long count)
    {
        if (at < 0 || count < 0 || at > Length || count > Length - at)
            throw new InputException($"{path}: TIFF is cut off or damaged (needs {Math.Max(0, count)} bytes at {at}, the file has {Length}).");
    }

    /// <summary>A whole number of 1, 2, 4 or 8 bytes. One beyond 2^63 reads as negative, which no place or size is.</summary>
    public long Number(long at, int bytes)
    {
        var number = _number.AsSpan(0, bytes);
        Fill(at, number);
        return Parse(number);
    }

    /// <summary>Where a value or directory is: 4 bytes, in a BigTIFF 8.</summary>
    public long Offset(long at) => Number(at, BigTiff ? 8 : 4);

    /// <summary>Reads the bytes at a place.</summary>
    public void Fill(long at, Span<byte> bytes)
    {
        Require(at, bytes.Length);
        stream.Position = at;
        stream.ReadExactly(bytes);
    }

    /// <summary>Turns the bits of each byte around.</summary>
    public static void ReverseBits(Span<byte> bytes)
    {
        foreach (ref var bits in bytes)
            bits = (byte)((bits * 0x0202020202UL & 0x010884422010UL) % 1023);
    }

    /// <summary>Brings samples in the file's byte order to that of this machine.</summary>
    public void MakeNative(Span<byte> samples, int sampleBytes)
    {
        if (BigEndian != BitConverter.IsLittleEndian)
            return;
        switch (sampleBytes)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, ushort>(samples);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = MemoryMarshal.Cast<byte, uint>(samples);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(samples);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    /// <summary>The number that bytes of the file stand for.</summary>
    public long Parse(ReadOnlySpan<byte> number) => (number.Length, BigEndian) switch
    {
        (1, _) => number[0],
        (2, true) => BinaryPrimitives.ReadUInt16BigEndian(number),
        (2, false) => BinaryPrimitives.ReadUInt16LittleEndian(number),
        (4, true) => BinaryPrimitives.ReadUInt32BigEndian(number),
        (4, false) => BinaryPrimitives.ReadUInt32LittleEndian(number),
        (_, true) => BinaryPrimitives.ReadInt64BigEndian(number),
        (_, false) => BinaryPrimitives.ReadInt64LittleEndian(number),
    };
}
