using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>How a kernel raises 64-bit keys that several threads share.</summary>
internal interface IKeyAtomics
{
    /// <summary>In how many launches keys are raised.</summary>
    static abstract int Passes { get; }

    /// <summary>Raises a key to at least <paramref name="key"/>; complete after all passes.</summary>
    /// <returns>False where it is known to have been as large already.</returns>
    bool Raise(ArrayView<ulong> keys, long at, ulong key, int pass);
}

/// <summary>
/// One pass, for devices with 64-bit atomics. The plain load that spares most of them may be stale: keys only grow, so that an old one is smaller and
/// costs an atomic too many. It must not be torn, for the high half of one key and the low half of an earlier one may be larger than both. PTX says so
/// of a load beside atomics of the same size (memory consistency model: a uniform-size race returns one of the stored values); of other devices it is
/// assumed, and tested on the device (KeyAtomicsTests).
/// </summary>
internal readonly struct WideAtomics : IKeyAtomics
{
    /// <inheritdoc/>
    public static int Passes => 1;

    /// <inheritdoc/>
    public bool Raise(ArrayView<ulong> keys, long at, ulong key, int pass)
    {
        if (keys[at] >= key)
            return false;
        Atomic.Max(ref keys[at], key);
        return true;
    }
}

/// <summary>
/// Two passes with 32-bit atomics: first the high words, which nobody reads, then the low words of those whose high word is the largest, which does not
/// change any more. Both passes must see the same keys, and all keys of one place must be raised in the same two passes.
/// </summary>
internal readonly struct NarrowAtomics : IKeyAtomics
{
    /// <inheritdoc/>
    public static int Passes => 2;

    /// <inheritdoc/>
    public bool Raise(ArrayView<ulong> keys, long at, ulong key, int pass)
    {
        var words = keys.Cast<uint>();
        var high = (uint)(key >> 32);
        if (pass == 0)
            Atomic.Max(ref words[2 * at + 1], high);
        else if (words[2 * at + 1] == high)
            Atomic.Max(ref words[2 * at], (uint)key);
        return true;
    }
}
