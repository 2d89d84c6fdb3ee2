namespace Spoco.Cli.Files.Hdf5;

/// <summary>How a dataset or an attribute stores one value.</summary>
/// <param name="Sample">The number it is; null for everything else.</param>
/// <param name="IsBigEndian">The byte order.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Text">Whether it is text: <see cref="Hdf5Text.Fixed"/> of <paramref name="Size"/> bytes, or elsewhere in the file.</param>
/// <param name="Name">What messages call it.</param>
internal readonly record struct Hdf5DataType(SampleType? Sample, bool IsBigEndian, int Size, Hdf5Text Text, string Name)
{
    public static Hdf5DataType Read(Hdf5Bytes file, ReadOnlySpan<byte> body)
    {
        var cursor = new Hdf5Cursor(file, body);
        var kind = cursor.Byte() & 15;
        var bits = (uint)cursor.Number(3);
        var declared = cursor.UInt32();
        if (declared > int.MaxValue)
            throw file.Damaged($"values of {declared} bytes");
        var (size, bigEndian) = ((int)declared, (bits & 1) != 0);
        switch (kind)
        {
            case 0:
                var (shift, precision) = (cursor.UInt16(), cursor.UInt16());
                var signed = (bits & 8) != 0;
                // Fewer bits than the bytes hold: the others are 0, which only an unsigned number survives.
                var whole = shift == 0 && (precision == 8 * size || !signed);
                return new Hdf5DataType(
                    whole ? signed ? SampleTypes.Signed(size) : SampleTypes.Unsigned(size) : null, bigEndian, size, Hdf5Text.None,
                    $"integers of {precision} bits in {size} bytes");
            case 1:
                cursor.Skip(4);
                var layout = (cursor.Byte(), cursor.Byte(), cursor.Byte(), cursor.Byte(), size);
                var ieee = (bits & 0x40) == 0 && layout is (10, 5, 0, 10, 2) or (23, 8, 0, 23, 4) or (52, 11, 0, 52, 8);
                return new Hdf5DataType(ieee ? SampleTypes.Float(size) : null, bigEndian, size, Hdf5Text.None,
                    $"floats of {size} bytes in a layout of their own");
            case 3:
                return new Hdf5DataType(null, false, size, Hdf5Text.Fixed, "text");
            case 8:
                // h5py stores booleans as an enumeration of one byte.
                var number = Read(file, cursor.Bytes(cursor.Left));
                return number with { Size = size, Sample = number.Size == size ? number.Sample : null, Name = "an enumeration" };
            case 9:
                return new Hdf5DataType(null, false, size, (bits & 15) == 1 ? Hdf5Text.Variable : Hdf5Text.None, (bits & 15) == 1 ? "text" : "lists");
            default:
                var name = kind switch
                {
                    2 => "times",
                    4 => "bit fields",
                    5 => "opaque values",
                    6 => "records",
                    7 => "references",
                    10 => "arrays",
                    _ => "values of an unknown type",
                };
                return new Hdf5DataType(null, false, size, Hdf5Text.None, name);
        }
    }
}

/// <summary>How text is stored.</summary>
internal enum Hdf5Text
{
    None, Fixed, Variable,
}
