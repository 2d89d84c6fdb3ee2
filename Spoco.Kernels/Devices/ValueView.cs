using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels.Primitives;

namespace Spoco.Kernels;

/// <summary>
/// A <see cref="ValueBuffer"/> as kernels see it. They read single precision and round what they write, whichever way it is stored: the question is the same for
/// all threads of a launch.
/// </summary>
internal struct ValueView
{
    /// <summary>Values of single precision.</summary>
    public ArrayView<float> Single;

    /// <summary>Bits of brain floating-point numbers.</summary>
    public ArrayView<ushort> Brain;

    /// <summary>Whether it is the latter that are there.</summary>
    public int IsBrain;

    /// <summary>Values of single precision.</summary>
    public static ValueView Of(ArrayView<float> values) => new() { Single = values };

    /// <summary>Brain floating-point numbers.</summary>
    public static ValueView Of(ArrayView<ushort> bits) => new() { Brain = bits, IsBrain = 1 };

    /// <summary>Whether four values can be read and written at once; asked by the host.</summary>
    internal readonly bool IsAligned => IsBrain != 0 ? IsMultiple(Brain, 4 * sizeof(ushort)) : IsMultiple(Single, 4 * sizeof(float));

    /// <summary>A value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float At(int i) => IsBrain != 0 ? default(BrainFormat).Widen(Brain[i]) : Single[i];

    /// <summary>A value of a tensor that may have more of them than an integer counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float At(long i) => IsBrain != 0 ? default(BrainFormat).Widen(Brain[i]) : Single[i];

    /// <summary>Writes a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Set(int i, float value)
    {
        if (IsBrain != 0)
            Brain[i] = default(BrainFormat).Narrow(value);
        else
            Single[i] = value;
    }

    /// <summary>Writes a value of a tensor that may have more of them than an integer counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Set(long i, float value)
    {
        if (IsBrain != 0)
            Brain[i] = default(BrainFormat).Narrow(value);
        else
            Single[i] = value;
    }

    /// <summary>The values 4 i to 4 i + 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four FourAt(int i) => Widened(Fetch(i));

    /// <summary>
    /// The memory of the values 4 i to 4 i + 3, for <see cref="Widened"/>. Nothing is computed with it, so that a thread can have several on their way before it
    /// waits for the first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Fetch(int i)
    {
        Four memory = default;
        if (IsBrain != 0)
        {
            var narrow = Brain.Cast<BrainFour>()[i];
            memory.X = Interop.IntAsFloat(narrow.XY);
            memory.Y = Interop.IntAsFloat(narrow.ZW);
        }
        else
        {
            memory = Single.Cast<Four>()[i];
        }

        return memory;
    }

    /// <summary>The values in memory that <see cref="Fetch"/> gave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Widened(Four memory)
    {
        if (IsBrain == 0)
            return memory;
        BrainFour narrow;
        narrow.XY = Interop.FloatAsInt(memory.X);
        narrow.ZW = Interop.FloatAsInt(memory.Y);
        return narrow.Wide;
    }

    /// <summary>Writes the values 4 i to 4 i + 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void SetFour(int i, Four values)
    {
        if (IsBrain != 0)
            Brain.Cast<BrainFour>()[i] = BrainFour.Of(values);
        else
            Single.Cast<Four>()[i] = values;
    }

    /// <summary>Four values as they are read again after they were written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Rounded(Four values) => IsBrain != 0 ? BrainFour.Of(values).Wide : values;

    private static bool IsMultiple<T>(ArrayView<T> view, int bytes) where T : unmanaged => !view.IsValid || view.LoadEffectiveAddressAsPtr() % bytes == 0;

    /// <summary>Four brain floating-point numbers, which are read at once.</summary>
    private struct BrainFour
    {
        public uint XY;
        public uint ZW;

        public readonly Four Wide
        {
            get
            {
                Four wide;
                wide.X = Interop.IntAsFloat(XY << 16);
                wide.Y = Interop.IntAsFloat(XY & 0xffff0000);
                wide.Z = Interop.IntAsFloat(ZW << 16);
                wide.W = Interop.IntAsFloat(ZW & 0xffff0000);
                return wide;
            }
        }

        public static BrainFour Of(Four values)
        {
            var format = default(BrainFormat);
            BrainFour narrow;
            narrow.XY = format.Narrow(values.X) | ((uint)format.Narrow(values.Y) << 16);
            narrow.ZW = format.Narrow(values.Z) | ((uint)format.Narrow(values.W) << 16);
            return narrow;
        }
    }
}
