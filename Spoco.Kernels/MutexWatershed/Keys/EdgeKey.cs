using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Edges of the Mutex Watershed as 64-bit keys whose descending order is the order of the algorithm: descending priority, then ascending edge id.
/// High word: the priority's bits, made monotone; low word: the complement of the edge id. No key of a finite priority is <see cref="None"/> or
/// <see cref="Mutex"/>.
/// </summary>
internal static class EdgeKey
{
    /// <summary>Below every key: no edge.</summary>
    public const ulong None = 0;

    /// <summary>Above every key: a mutex that is there from the start is a repulsive edge of infinite priority.</summary>
    public const ulong Mutex = ulong.MaxValue;

    /// <summary>The key of an edge; -0 counts as +0. The priority must be finite.</summary>
    public static ulong Of(float priority, uint edge)
    {
        var bits = priority == 0 ? 0 : Interop.FloatAsInt(priority);
        var ascending = bits ^ ((uint)((int)bits >> 31) | 0x80000000u);
        return ((ulong)ascending << 32) | ~edge;
    }

    /// <summary>The smaller of two keys. Which one it is cannot be foreseen, so that a branch would cost more than the arithmetic.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Weaker(ulong a, ulong b) => b ^ ((a ^ b) & (ulong)-(a < b ? 1L : 0L));

    /// <summary>The priority of a key; 1 where it is <see cref="None"/>.</summary>
    public static float Priority(ulong key)
    {
        var ascending = (uint)(key >> 32);
        return key == None ? 1 : Interop.IntAsFloat((int)ascending < 0 ? ascending ^ 0x80000000u : ~ascending);
    }

    /// <summary>The edge id of a key.</summary>
    public static uint Edge(ulong key) => ~(uint)key;
}
