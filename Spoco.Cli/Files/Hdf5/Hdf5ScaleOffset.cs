using System.Buffers.Binary;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// Undoes HDF5's scale-offset filter: values as their difference to the least, in as many bits as the largest difference needs; floats as such a
/// difference times a power of ten. The difference of all ones stands for the fill value.
/// </summary>
internal static class Hdf5ScaleOffset
{
    private const int Head = 21;

    public static byte[] Undo(Hdf5Bytes file, byte[] bytes, uint[] values, int chunkBytes)
    {
        if (values.Length < 8 || bytes.Length < Head)
            throw file.Damaged("a scale-offset chunk without its parameters");
        var (count, isFloat, size, bigEndian, hasFill) = (values[2], values[3] == 1, (int)values[4], values[6] == 1, values[7] == 1);
        var bits = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size is not (1 or 2 or 4 or 8) || isFloat && size < 4 || (ulong)count * (ulong)size != (ulong)chunkBytes || bits > 8 * size)
            throw file.Damaged("a scale-offset chunk with impossible parameters");
        if ((Head + ((long)count * bits + 7) / 8) > bytes.Length)
            throw file.Damaged("a scale-offset chunk is cut off");

        var least = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(5));
        ulong fill = 0;
        for (var i = 0; hasFill && i < Math.Min(2, values.Length - 8); i++)
            fill |= (ulong)values[8 + i] << 32 * i;
        var scale = Math.Pow(10, (int)values[1]);
        var ones = bits == 0 ? 0 : ulong.MaxValue >> 64 - (int)bits;
        var result = new byte[chunkBytes];
        Span<byte> number = stackalloc byte[8];
        for (long i = 0, bit = 8L * Head; i < count; i++, bit += bits)
        {
            var difference = Bits(bytes, bit, (int)bits);
            var value = bits == 8 * size ? difference
                : hasFill && difference == ones ? fill
                : !isFloat ? difference + least
                : size == 4 ? BitConverter.SingleToUInt32Bits((float)((int)difference / (float)scale + BitConverter.UInt32BitsToSingle((uint)least)))
                : BitConverter.DoubleToUInt64Bits((long)difference / scale + BitConverter.UInt64BitsToDouble(least));
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
            var target = result.AsSpan((int)(i * size), size);
            number[..size].CopyTo(target);
            if (bigEndian)
                target.Reverse();
        }
        return result;
    }

    /// <summary>A number whose highest bit comes first.</summary>
    private static ulong Bits(byte[] bytes, long at, int count)
    {
        ulong value = 0;
        while (count > 0)
        {
            var (free, b) = (8 - (int)(at % 8), bytes[at / 8]);
            var take = Math.Min(free, count);
            value = value << take | (uint)(b >> free - take) & ((1u << take) - 1);
            (at, count) = (at + take, count - take);
        }
        return value;
    }
}
