using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>How workers raise keys that they share.</summary>
internal static unsafe class KeyAtomicsHost
{
    /// <summary>Raises a value to at least <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Raise(ulong* target, ulong value)
    {
        var seen = Volatile.Read(ref *target);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref *target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }
}
