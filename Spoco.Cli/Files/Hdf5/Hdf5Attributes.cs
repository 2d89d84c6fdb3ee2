using System.Buffers.Binary;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// Attributes by name: numbers and text, whatever their byte order and however text is stored. One of any other kind is taken for missing: what
/// somebody noted beside the data must not keep anyone from reading the data.
/// </summary>
internal sealed class Hdf5Attributes(Hdf5Bytes file, Hdf5Header header)
{
    private const int MaxValues = 64;
    private const int MaxText = 1 << 16;

    private readonly record struct Attribute(Hdf5DataType Type, Hdf5Dataspace Space, byte[] Data);

    /// <summary>The numbers of an attribute; null where there is none of this name that holds at most 64 numbers.</summary>
    public double[]? Numbers(string name)
    {
        if (Find(name) is not { Type.Sample: { } type } attribute || Count(attribute.Space) is not { } count
            || attribute.Data.Length < count * type.Size())
            return null;
        var values = new double[count];
        for (var i = 0; i < count; i++)
            values[i] = Number(attribute.Data.AsSpan(i * type.Size(), type.Size()), type, attribute.Type.IsBigEndian);
        return values;
    }

    /// <summary>The texts of an attribute; null where there is none of this name that holds at most 64 texts.</summary>
    public string[]? Texts(string name)
    {
        if (Find(name) is not { } attribute || attribute.Type.Text == Hdf5Text.None || Count(attribute.Space) is not { } count)
            return null;
        var texts = new string[count];
        var cursor = new Hdf5Cursor(file, attribute.Data);
        for (var i = 0; i < count; i++)
            texts[i] = attribute.Type.Text == Hdf5Text.Fixed ? cursor.Text(attribute.Type.Size) : Variable(ref cursor);
        return texts;
    }

    private static int? Count(Hdf5Dataspace space)
    {
        UInt128 count = space.IsNull ? 0u : 1u;
        foreach (var extent in space.Extents)
            count = UInt128.Min(count * extent, ulong.MaxValue);
        return count <= MaxValues ? (int)count : null;
    }

    private Attribute? Find(string name)
    {
        foreach (var body in header.All(Hdf5MessageKind.Attribute))
            if (Read(body, name) is { } found)
                return found;
        if (header.Find(Hdf5MessageKind.AttributeInfo) is not { } info)
            return null;
        var (heap, names) = Hdf5Group.DenseStorage(file, info, indexSize: 2);
        if (!file.IsDefined(heap) || !file.IsDefined(names))
            return null;
        Attribute? result = null;
        var objects = new Hdf5FractalHeap(file, heap);
        Hdf5BTree2.ForEach(file, names, record =>
        {
            // An attribute that is itself shared between objects (flag 2) lies in another heap.
            if (result is null && record.Length >= 9 && (record[8] & 2) == 0 && objects.Get(record.AsSpan(0, 8)) is { Length: > 0 } body)
                result = Read(body, name);
        });
        return result;
    }

    private Attribute? Read(byte[] body, string name)
    {
        var cursor = new Hdf5Cursor(file, body);
        var (version, flags) = (cursor.Byte(), cursor.Byte());
        var (nameSize, typeSize, spaceSize) = (cursor.UInt16(), cursor.UInt16(), cursor.UInt16());
        if (version >= 3)
            cursor.Skip(1);
        if (cursor.Bytes(Padded(nameSize)) is var bytes && new Hdf5Cursor(file, bytes).Text(nameSize) != name)
            return null;
        var type = cursor.Bytes(Padded(typeSize));
        var space = cursor.Bytes(Padded(spaceSize));
        if (version >= 2 && (flags & 1) != 0)
            type = Hdf5Header.Resolve(file, Hdf5MessageKind.DataType, type, depth: 0);
        if (version >= 2 && (flags & 2) != 0)
            space = Hdf5Header.Resolve(file, Hdf5MessageKind.Dataspace, space, depth: 0);
        return new Attribute(Hdf5DataType.Read(file, type), Hdf5Dataspace.Read(file, space), cursor.Bytes(cursor.Left).ToArray());

        int Padded(int size) => version == 1 ? (size + 7) / 8 * 8 : size;
    }

    /// <summary>Text that lies in the file's global heap.</summary>
    private string Variable(ref Hdf5Cursor cursor)
    {
        var (length, address, index) = (cursor.UInt32(), cursor.Offset(), cursor.UInt32());
        if (address == 0 || length == 0)
            return "";
        var head = new Hdf5Cursor(file, file.Structure(address, 8 + file.LengthSize));
        head.Expect("GCOL"u8);
        head.Skip(4);
        var collection = new Hdf5Cursor(file, file.Structure(address, (long)Math.Min(head.Length(), long.MaxValue)));
        collection.Skip(8 + file.LengthSize);
        while (collection.Left >= 8 + file.LengthSize)
        {
            var number = collection.UInt16();
            collection.Skip(6);
            var size = (long)Math.Min(collection.Length(), long.MaxValue);
            if (number == 0)
                break;
            if (number == index)
                return collection.Text(Math.Min(Math.Min(size, length), MaxText));
            collection.Skip(Math.Min((size + 7) / 8 * 8, collection.Left));
        }
        throw file.Damaged("the text of an attribute is missing");
    }

    private static double Number(ReadOnlySpan<byte> bytes, SampleType type, bool bigEndian)
    {
        Span<byte> ordered = stackalloc byte[8];
        ordered = ordered[..bytes.Length];
        bytes.CopyTo(ordered);
        if (bigEndian)
            ordered.Reverse();
        return type switch
        {
            SampleType.UInt8 => ordered[0],
            SampleType.Int8 => (sbyte)ordered[0],
            SampleType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(ordered),
            SampleType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(ordered),
            SampleType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(ordered),
            SampleType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(ordered),
            SampleType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(ordered),
            SampleType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(ordered),
            SampleType.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(ordered),
            SampleType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(ordered),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(ordered),
        };
    }
}
