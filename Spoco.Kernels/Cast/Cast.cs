namespace Spoco.Kernels.Primitives;

/// <summary>
/// Values in another type. To a narrower one they are rounded to the nearest number, of two as near to the one whose last bit is 0; beyond the largest number
/// they become infinite. Infinities stay, and so do NaNs, made quiet.
/// </summary>
internal static class Cast
{
    internal static readonly Chooser<CastAlgorithm, CastShape> Chooser = new(nameof(Cast), new CastHost(), new CastSimt());

    /// <summary>y = x.</summary>
    /// <typeparam name="TFrom"><see cref="float"/>, <see cref="BFloat16"/> or <see cref="Half"/>.</typeparam>
    /// <typeparam name="TTo">One of these, too.</typeparam>
    /// <param name="x">Values.</param>
    /// <param name="y">Result, as many; not the memory of <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">Lengths or devices differ, or a type is another one.</exception>
    public static void Apply<TFrom, TTo>(DeviceBuffer<TFrom> x, DeviceBuffer<TTo> y) where TFrom : unmanaged where TTo : unmanaged =>
        Apply(ElementTypes.Of<TFrom>(), x.Bytes, ElementTypes.Of<TTo>(), y.Bytes);

    /// <summary>y = x, of types that are known at run time.</summary>
    /// <param name="from">Type of x.</param>
    /// <param name="x">Values.</param>
    /// <param name="to">Type of y.</param>
    /// <param name="y">Result, as many; not the memory of <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void Apply(ElementType from, DeviceBuffer<byte> x, ElementType to, DeviceBuffer<byte> y)
    {
        var shape = new CastShape(from, to, y.Length / to.Bytes());
        new Arguments(nameof(Cast), y.Device).Need(x, shape.Count * from.Bytes(), "the input, in bytes,").Need(y, shape.Count * to.Bytes(), "the output, in bytes,");
        if (from == to)
            x.CopyTo(y);
        else
            Chooser.For(y.Device, shape).Apply(shape, x, y);
    }
}
