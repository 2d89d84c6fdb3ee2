using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>The unit in which memory travels to a core.</summary>
internal static unsafe class CacheLine
{
    /// <summary>Numbers of a line.</summary>
    public const int Floats = 16;

    private const long StreamedFloats = 6 << 20;

    /// <summary>
    /// Whether a tensor is to be written past the caches, which would lose it before it is read: it is large and begins with a whole line.
    /// </summary>
    public static bool Streams(float* values, long count) => count >= StreamedFloats && (nint)values % (Floats * sizeof(float)) == 0;

    /// <summary>Asks for a line before it is needed, for reading or writing; any address is allowed. Without effect where the processor has no such hint.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(float* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }
}
