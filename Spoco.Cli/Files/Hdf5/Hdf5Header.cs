using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>The kinds of message that are looked at.</summary>
internal enum Hdf5MessageKind
{
    Dataspace = 1, LinkInfo = 2, DataType = 3, OldFillValue = 4, FillValue = 5, Link = 6, ExternalFiles = 7, Layout = 8, Filters = 11, Attribute = 12,
    Continuation = 16, SymbolTable = 17, AttributeInfo = 21,
}

internal readonly record struct Hdf5Message(Hdf5MessageKind Kind, byte[] Body);

/// <summary>The messages that describe a group or a dataset.</summary>
internal sealed class Hdf5Header
{
    private const int MaxMessages = 100_000;
    private const int Shared = 2;

    private readonly Hdf5Bytes _file;
    private readonly List<Hdf5Message> _messages = [];
    private readonly Queue<(ulong Address, long Length)> _continuations = new();

    private Hdf5Header(Hdf5Bytes file, ulong address, int depth)
    {
        _file = file;
        var prefix = new Hdf5Cursor(file, file.StructureUpTo(address, 64));
        if (prefix.Left >= 4 && prefix.Bytes(4).SequenceEqual("OHDR"u8))
        {
            prefix.Skip(1);
            var flags = prefix.Byte();
            prefix.Skip(((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0));
            var size = (long)Math.Min(prefix.Number(1 << (flags & 3)), long.MaxValue);
            var whole = file.Checked(address, prefix.At + Math.Min(size, file.Length));
            ReadMessages(whole.AsSpan(prefix.At), newFormat: true, tracked: (flags & 4) != 0, depth);
            while (_continuations.TryDequeue(out var more))
            {
                var block = file.Checked(more.Address, more.Length - 4);
                if (!block.AsSpan().StartsWith("OCHK"u8))
                    throw file.Damaged("a header's continuation is none");
                ReadMessages(block.AsSpan(4), newFormat: true, tracked: (flags & 4) != 0, depth);
            }
        }
        else
        {
            prefix = new Hdf5Cursor(file, file.StructureUpTo(address, 16));
            if (prefix.Byte() != 1)
                throw file.Damaged($"no object at {address}");
            prefix.Skip(7);
            ReadMessages(file.Structure(address + 16, prefix.UInt32()), newFormat: false, tracked: false, depth);
            while (_continuations.TryDequeue(out var more))
                ReadMessages(file.Structure(more.Address, more.Length), newFormat: false, tracked: false, depth);
        }
    }

    public static Hdf5Header Read(Hdf5Bytes file, ulong address) => new(file, address, depth: 0);

    public bool Has(Hdf5MessageKind kind) => Find(kind) is not null;

    public byte[]? Find(Hdf5MessageKind kind)
    {
        foreach (var message in _messages)
            if (message.Kind == kind)
                return message.Body;
        return null;
    }

    public byte[] Require(Hdf5MessageKind kind) => Find(kind) ?? throw _file.Damaged($"an object without its {kind} message");

    public IEnumerable<byte[]> All(Hdf5MessageKind kind) => _messages.Where(message => message.Kind == kind).Select(message => message.Body);

    /// <summary>The message itself where there may be the address of the object that has it, as with named data types.</summary>
    public static byte[] Resolve(Hdf5Bytes file, Hdf5MessageKind kind, ReadOnlySpan<byte> body, int depth)
    {
        var cursor = new Hdf5Cursor(file, body);
        var version = cursor.Byte();
        var type = cursor.Byte();
        if (version == 1)
            cursor.Skip(6);
        if (version >= 3 && type == 1)
            throw new InputException($"{file.Path}: the file keeps its {kind} messages in a shared table, which is not read; "
                + "\"h5repack in.h5 out.h5\" writes it without one.");
        if (depth > 4)
            throw file.Damaged("objects share messages in a circle");
        return new Hdf5Header(file, cursor.Offset(), depth + 1).Require(kind);
    }

    private void ReadMessages(ReadOnlySpan<byte> block, bool newFormat, bool tracked, int depth)
    {
        var cursor = new Hdf5Cursor(_file, block);
        var head = newFormat ? tracked ? 6 : 4 : 8;
        while (cursor.Left >= head)
        {
            var kind = (Hdf5MessageKind)(newFormat ? cursor.Byte() : cursor.UInt16());
            var size = cursor.UInt16();
            var flags = cursor.Byte();
            cursor.Skip(head - (newFormat ? 4 : 5));
            var body = cursor.Bytes(size);
            if (kind == Hdf5MessageKind.Continuation)
            {
                var where = new Hdf5Cursor(_file, body);
                _continuations.Enqueue((where.Offset(), (long)Math.Min(where.Length(), long.MaxValue)));
            }
            else if (Enum.IsDefined(kind))
                _messages.Add(new Hdf5Message(kind, (flags & Shared) != 0 ? Resolve(_file, kind, body, depth) : body.ToArray()));
            if (_messages.Count > MaxMessages)
                throw _file.Damaged("a header without end");
        }
    }
}
