using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>How a kernel raises 64-bit keys that several threads share. (Kernel arguments must be public.)</summary>
public interface IKeyAtomics
{
    /// <summary>Raises a key to at least <paramref name="key"/>; complete after all passes.</summary>
    void Raise(ArrayView<ulong> keys, long at, ulong key, int pass);
}

/// <summary>One pass, for devices with 64-bit atomics.</summary>
public readonly struct WideAtomics : IKeyAtomics
{
    /// <inheritdoc/>
    public void Raise(ArrayView<ulong> keys, long at, ulong key, int pass)
    {
        if (keys[at] < key)
            Atomic.Max(ref keys[at], key);
    }
}

/// <summary>
/// Two passes with 32-bit atomics: first the high words, then the low words of those whose high word is the largest. A key raised in several batches
/// may come out too large in its low word.
/// </summary>
public readonly struct NarrowAtomics : IKeyAtomics
{
    /// <inheritdoc/>
    public void Raise(ArrayView<ulong> keys, long at, ulong key, int pass)
    {
        var words = keys.Cast<uint>();
        var high = (uint)(key >> 32);
        if (pass == 0)
            Atomic.Max(ref words[2 * at + 1], high);
        else if (words[2 * at + 1] == high)
            Atomic.Max(ref words[2 * at], (uint)key);
    }
}
