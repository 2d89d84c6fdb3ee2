using System.Runtime.InteropServices;

namespace Spoco.Tests.Cuda;

/// <summary>What stands in memory and registers by chance: never the same for long, and no number that a program would like.</summary>
internal static class Junk
{
    private const int Bytes = 1 << 16;

    private static readonly byte[] Block = Draw();

    /// <summary>Fills memory with it.</summary>
    /// <param name="memory">What is filled.</param>
    /// <param name="random">Where in it to begin.</param>
    public static void Fill(Span<byte> memory, Random random)
    {
        for (var at = random.Next(Bytes / 2); !memory.IsEmpty; at = 0)
        {
            var count = Math.Min(memory.Length, Bytes - at);
            Block.AsSpan(at, count).CopyTo(memory);
            memory = memory[count..];
        }
    }

    private static byte[] Draw()
    {
        var block = new byte[Bytes];
        new Random(2).NextBytes(block);
        // Single numbers that are none, so that one that is read shows in what follows.
        var words = MemoryMarshal.Cast<byte, uint>(block.AsSpan());
        for (var i = 0; i < words.Length; i += 2)
            words[i] |= 0x7fc00000;
        return block;
    }
}
