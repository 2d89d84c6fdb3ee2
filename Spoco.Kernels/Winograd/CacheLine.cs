using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>The unit in which memory travels to a core.</summary>
internal static unsafe class CacheLine
{
    /// <summary>Numbers of a line.</summary>
    public const int Floats = 16;

    /// <summary>Asks for a line before it is needed, for reading or writing; any address is allowed. Without effect where the processor has no such hint.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(float* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }
}
