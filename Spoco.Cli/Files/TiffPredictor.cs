using System.Numerics;
using System.Runtime.InteropServices;

namespace Spoco.Cli.Files;

/// <summary>Undoes what is done to rows before compression: differences between neighbours, or floats split into planes of bytes.</summary>
internal static class TiffPredictor
{
    public const int None = 1, Horizontal = 2, FloatingPoint = 3;

    /// <summary>Sums the differences of a row of native-endian samples.</summary>
    /// <param name="row">The row.</param>
    /// <param name="sampleBytes">Bytes of a sample.</param>
    /// <param name="stride">Samples of a pixel.</param>
    public static void Sum(Span<byte> row, int sampleBytes, int stride)
    {
        switch (sampleBytes)
        {
            case 1: Sum(row, stride); break;
            case 2: Sum(MemoryMarshal.Cast<byte, ushort>(row), stride); break;
            case 4: Sum(MemoryMarshal.Cast<byte, uint>(row), stride); break;
            default: Sum(MemoryMarshal.Cast<byte, ulong>(row), stride); break;
        }
    }

    /// <summary>Puts together native-endian floats whose bytes lie in planes, the most significant first, as differences.</summary>
    /// <param name="row">The row.</param>
    /// <param name="sampleBytes">Bytes of a sample.</param>
    /// <param name="stride">Samples of a pixel.</param>
    public static void Join(Span<byte> row, int sampleBytes, int stride)
    {
        Sum(row, stride);
        var planes = row.ToArray();
        var samples = row.Length / sampleBytes;
        for (var sample = 0; sample < samples; sample++)
            for (var place = 0; place < sampleBytes; place++)
                row[sample * sampleBytes + (BitConverter.IsLittleEndian ? sampleBytes - 1 - place : place)] = planes[place * samples + sample];
    }

    private static void Sum<T>(Span<T> samples, int stride) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = stride; i < samples.Length; i++)
            samples[i] = unchecked(samples[i] + samples[i - stride]);
    }
}
