using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What stands in the place of an edge: its priority; NaN where there is none; infinity where it has become a mutex. By its bits, as compilers of kernels may take NaN and infinity
/// for what never comes.
/// </summary>
internal static class EdgePriority
{
    private const uint AbsentBits = 0x7FC00000;
    private const uint MutexBits = 0x7F800000;

    /// <summary>NaN: no edge.</summary>
    public static float Absent => Interop.IntAsFloat(AbsentBits);

    /// <summary>Infinity: a mutex.</summary>
    public static float Mutex => Interop.IntAsFloat(MutexBits);

    /// <summary>Whether there is no edge. (Compilers choose the bits of a NaN.)</summary>
    public static bool IsAbsent(float priority) => (Interop.FloatAsInt(priority) & 0x7FFFFFFFu) > MutexBits;

    /// <summary>Whether the edge is a mutex.</summary>
    public static bool IsMutex(float priority) => Interop.FloatAsInt(priority) == MutexBits;

    /// <summary>Whether a value is finite.</summary>
    public static bool IsFinite(float value) => (Interop.FloatAsInt(value) & MutexBits) != MutexBits;
}
