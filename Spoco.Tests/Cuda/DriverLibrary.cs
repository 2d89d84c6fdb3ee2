using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Spoco.Tests.Cuda;

/// <summary>
/// A shared library that stands where the driver's would: it exports functions by name, each of which jumps to where the process says. Loaded once, under the
/// driver's own name, it is what the system's loader gives to whoever asks for that name later. Written here, byte for byte (ELF, x86-64 and AArch64 Linux), so that no compiler is
/// needed.
/// </summary>
internal static unsafe class DriverLibrary
{
    private const int PageBytes = 0x10000;
    private const int HeaderBytes = 64 + 4 * 56;
    private const string Table = "spoco_table";

    /// <summary>Whether this machine loads such libraries.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Loads a library of a name whose exported functions are the given ones.</summary>
    public static void Load(string name, IReadOnlyDictionary<string, nint> functions)
    {
        string[] exports = [.. functions.Keys];
        var folder = Directory.CreateTempSubdirectory("spoco-driver");
        try
        {
            var path = Path.Combine(folder.FullName, name);
            File.WriteAllBytes(path, Write(name, exports, RuntimeInformation.ProcessArchitecture));
            var table = (nint*)NativeLibrary.GetExport(NativeLibrary.Load(path), Table);
            for (var i = 0; i < exports.Length; i++)
                table[i] = functions[exports[i]];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The library as a file: headers, names and code on the first pages, which are not written to; the table of addresses and what the loader wants to know behind them.</summary>
    public static byte[] Write(string name, string[] exports, Architecture architecture)
    {
        string[] symbols = [.. exports, Table];
        var strings = new MemoryStream();
        strings.WriteByte(0);
        var nameAt = Add(name);
        var symbolNames = Array.ConvertAll(symbols, Add);

        // A hash table of one chain is a list.
        var (hash, hashBytes) = (HeaderBytes, 4 * (2 + 1 + symbols.Length + 1));
        var symbolTable = Aligned(hash + hashBytes, 8);
        var stringTable = symbolTable + 24 * (symbols.Length + 1);
        var code = Aligned(stringTable + (int)strings.Length, 16);
        var readOnly = code + 16 * exports.Length;
        var data = Aligned(readOnly, PageBytes);
        var dynamic = data + 8 * exports.Length;
        var end = dynamic + 16 * 7;

        var file = new byte[end];
        var (machine, isArm) = architecture == Architecture.Arm64 ? (183, true) : (62, false);
        Bytes(0, [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]);
        Half(16, 3);
        Half(18, machine);
        Word(20, 1);
        Long(32, 64);
        Half(52, 64);
        Half(54, 56);
        Half(56, 4);
        Segment(0, type: 1, flags: 5, at: 0, readOnly, PageBytes);
        Segment(1, type: 1, flags: 6, at: data, end - data, PageBytes);
        Segment(2, type: 2, flags: 6, at: dynamic, end - dynamic, 8);
        // A stack that is not executable: newer systems load no library that says nothing of it.
        Segment(3, type: 0x6474e551, flags: 6, at: 0, 0, 16);

        Word(hash, 1);
        Word(hash + 4, symbols.Length + 1);
        Word(hash + 8, 1);
        for (var i = 1; i <= symbols.Length; i++)
            Word(hash + 12 + 4 * i, i == symbols.Length ? 0 : i + 1);

        for (var i = 0; i < symbols.Length; i++)
        {
            var (entry, isTable) = (symbolTable + 24 * (i + 1), i == exports.Length);
            Word(entry, symbolNames[i]);
            // Global; an object or a function; in a section, whichever.
            Bytes(entry + 4, [(byte)(0x10 | (isTable ? 1 : 2))]);
            Half(entry + 6, 1);
            Long(entry + 8, isTable ? data : code + 16 * i);
            Long(entry + 16, isTable ? 8 * exports.Length : 16);
        }

        Bytes(stringTable, strings.ToArray());
        for (var i = 0; i < exports.Length; i++)
        {
            var (at, slot) = (code + 16 * i, data + 8 * i);
            if (isArm)
            {
                // adrp x16, slot; ldr x16, [x16, slot]; br x16
                var pages = (slot >> 12) - (at >> 12);
                Word(at, unchecked((int)(0x90000010u | ((uint)(pages & 3) << 29) | ((uint)(pages >> 2 & 0x7ffff) << 5))));
                Word(at + 4, unchecked((int)(0xf9400210u | ((uint)((slot & 0xfff) / 8) << 10))));
                Word(at + 8, unchecked((int)0xd61f0200u));
            }
            else
            {
                // jmp [rip + distance]
                Bytes(at, [0xff, 0x25]);
                Word(at + 2, slot - (at + 6));
            }
        }

        // Hash table, strings, symbols, length of the strings, length of a symbol, name; the end is 0.
        long[] tags = [4, hash, 5, stringTable, 6, symbolTable, 10, strings.Length, 11, 24, 14, nameAt];
        for (var i = 0; i < tags.Length; i++)
            Long(dynamic + 8 * i, tags[i]);
        return file;

        int Add(string text)
        {
            var at = (int)strings.Length;
            strings.Write(Encoding.ASCII.GetBytes(text));
            strings.WriteByte(0);
            return at;
        }

        static int Aligned(int value, int alignment) => (value + alignment - 1) / alignment * alignment;
        void Bytes(int at, byte[] values) => values.CopyTo(file, at);
        void Half(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), (ushort)value);
        void Word(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        void Long(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at), value);

        void Segment(int number, int type, int flags, int at, int bytes, int alignment)
        {
            var header = 64 + 56 * number;
            Word(header, type);
            Word(header + 4, flags);
            Long(header + 8, at);
            Long(header + 16, at);
            Long(header + 24, at);
            Long(header + 32, bytes);
            Long(header + 40, bytes);
            Long(header + 48, alignment);
        }
    }
}
