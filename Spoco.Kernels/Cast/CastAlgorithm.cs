namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Cast"/>, whose comments say what the arguments are.</summary>
internal abstract class CastAlgorithm : IAlgorithm<CastShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in CastShape shape);

    /// <summary>y = x.</summary>
    public void Apply(in CastShape shape, DeviceBuffer<byte> x, DeviceBuffer<byte> y)
    {
        switch (shape.From, shape.To)
        {
            case (ElementType.F32, ElementType.BF16): Narrow<BrainFormat>(x.Cast<float>(), y.Cast<ushort>()); break;
            case (ElementType.F32, ElementType.F16): Narrow<HalfFormat>(x.Cast<float>(), y.Cast<ushort>()); break;
            case (ElementType.BF16, ElementType.F32): Widen<BrainFormat>(x.Cast<ushort>(), y.Cast<float>()); break;
            case (ElementType.F16, ElementType.F32): Widen<HalfFormat>(x.Cast<ushort>(), y.Cast<float>()); break;
            case (ElementType.BF16, ElementType.F16): Change<BrainFormat, HalfFormat>(x.Cast<ushort>(), y.Cast<ushort>()); break;
            default: Change<HalfFormat, BrainFormat>(x.Cast<ushort>(), y.Cast<ushort>()); break;
        }
    }

    /// <summary>From single precision.</summary>
    protected abstract void Narrow<TFormat>(DeviceBuffer<float> x, DeviceBuffer<ushort> y) where TFormat : unmanaged, ISixteenBitFormat;

    /// <summary>To single precision.</summary>
    protected abstract void Widen<TFormat>(DeviceBuffer<ushort> x, DeviceBuffer<float> y) where TFormat : unmanaged, ISixteenBitFormat;

    /// <summary>Between formats of 16 bits: to single precision, which is exact, and from there.</summary>
    protected abstract void Change<TFrom, TTo>(DeviceBuffer<ushort> x, DeviceBuffer<ushort> y)
        where TFrom : unmanaged, ISixteenBitFormat where TTo : unmanaged, ISixteenBitFormat;
}
