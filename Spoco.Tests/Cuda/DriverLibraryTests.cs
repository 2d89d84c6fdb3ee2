using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Spoco.Tests.Cuda;

/// <summary>The library that stands where a driver's would, as bytes: of both processors, whichever the tests run on.</summary>
public sealed unsafe class DriverLibraryTests
{
    private static readonly string[] Names = [.. Enumerable.Range(0, 1000).Select(i => $"function{i}")];

    /// <summary>Every function jumps to where its own entry of the table says, also where code and table are pages apart.</summary>
    [TestCase(Architecture.X64)]
    [TestCase(Architecture.Arm64)]
    public void Functions_jump_by_their_entries(Architecture architecture)
    {
        var file = DriverLibrary.Write("libtest.so", Names, architecture);
        var table = (int)Symbol(file, Names.Length);
        for (var i = 0; i < Names.Length; i++)
        {
            var at = (int)Symbol(file, i);
            Assert.That(SlotOf(file.AsSpan(at, 12), at, architecture), Is.EqualTo(table + 8 * i), Names[i]);
        }
    }

    /// <summary>The system's loader takes it, and finds what is asked for by name.</summary>
    [Test]
    public void Functions_are_called_by_their_names()
    {
        if (!DriverLibrary.IsSupported)
            Assert.Ignore("Linux on x64 or arm64 alone.");
        DriverLibrary.Load("libspoco-test.so", new Dictionary<string, nint> { ["first"] = (nint)(delegate* unmanaged<int, int>)&Double, ["second"] = (nint)(delegate* unmanaged<int, int>)&Negate });
        var library = NativeLibrary.Load("libspoco-test.so");
        Assert.That(((delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "first"))(21), Is.EqualTo(42));
        Assert.That(((delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "second"))(21), Is.EqualTo(-21));
        Assert.That(NativeLibrary.TryGetExport(library, "third", out _), Is.False);
    }

    [UnmanagedCallersOnly]
    private static int Double(int value) => 2 * value;

    [UnmanagedCallersOnly]
    private static int Negate(int value) => -value;

    // The table of symbols is the one that the dynamic section names; the first symbol is none.
    private static long Symbol(byte[] file, int number)
    {
        var dynamic = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(64 + 2 * 56 + 8));
        var (strings, symbols) = (0, 0);
        for (var at = dynamic; BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at)) is not 0 and var tag; at += 16)
        {
            var value = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at + 8));
            (strings, symbols) = tag switch { 5 => (value, symbols), 6 => (strings, value), _ => (strings, symbols) };
        }

        var entry = file.AsSpan(symbols + 24 * (number + 1));
        var name = file.AsSpan(strings + BinaryPrimitives.ReadInt32LittleEndian(entry));
        Assert.That(Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]), Is.EqualTo(number < Names.Length ? Names[number] : "spoco_table"));
        return BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
    }

    private static int SlotOf(ReadOnlySpan<byte> code, int at, Architecture architecture)
    {
        if (architecture == Architecture.X64)
        {
            Assert.That((code[0], code[1]), Is.EqualTo(((byte)0xff, (byte)0x25)));
            return at + 6 + BinaryPrimitives.ReadInt32LittleEndian(code[2..]);
        }

        var (page, load, branch) = (BinaryPrimitives.ReadUInt32LittleEndian(code), BinaryPrimitives.ReadUInt32LittleEndian(code[4..]), BinaryPrimitives.ReadUInt32LittleEndian(code[8..]));
        Assert.That((page & 0x9f00001f, load & 0xffc003ff, branch), Is.EqualTo((0x90000010u, 0xf9400210u, 0xd61f0200u)), "adrp, ldr, br of register 16");
        var pages = (int)(page >> 5 & 0x7ffff) << 2 | (int)(page >> 29 & 3);
        return (at & ~0xfff) + (pages << 12) + (int)(load >> 10 & 0xfff) * 8;
    }
}
