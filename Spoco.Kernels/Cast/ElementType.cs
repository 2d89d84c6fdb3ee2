namespace Spoco.Kernels;

/// <summary>Types that values are stored in on a device. Sums and products are single precision.</summary>
public enum ElementType
{
    /// <summary>Single precision: 8 bits of exponent, 23 of mantissa.</summary>
    F32,

    /// <summary>Brain floating point, <see cref="BFloat16"/>: 8 bits of exponent, 7 of mantissa.</summary>
    BF16,

    /// <summary>Half precision, <see cref="Half"/>: 5 bits of exponent, 10 of mantissa.</summary>
    F16,
}

/// <summary>What is known of the element types.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of an element.</summary>
    public static int Bytes(this ElementType type) => type == ElementType.F32 ? sizeof(float) : sizeof(ushort);

    /// <summary>The element type of a .NET type.</summary>
    /// <exception cref="ArgumentException">It is none of <see cref="float"/>, <see cref="BFloat16"/> and <see cref="Half"/>.</exception>
    public static ElementType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? ElementType.F32
        : typeof(T) == typeof(BFloat16) ? ElementType.BF16
        : typeof(T) == typeof(Half) ? ElementType.F16
        : throw new ArgumentException($"ElementType: {typeof(T).Name} is none; there are Single, BFloat16 and Half.");
}
