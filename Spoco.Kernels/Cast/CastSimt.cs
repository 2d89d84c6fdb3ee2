using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Casts on ILGPU devices: one thread per value.</summary>
internal sealed class CastSimt : CastAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "values";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in CastShape shape) => !device.OnHost;

    /// <inheritdoc/>
    protected override void Narrow<TFormat>(DeviceBuffer<float> x, DeviceBuffer<ushort> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<ushort>>(Narrow<TFormat>))(
            IlgpuDevice.Extent(y.Length, nameof(Cast)), x.View, y.View);

    /// <inheritdoc/>
    protected override void Widen<TFormat>(DeviceBuffer<ushort> x, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<ushort>, ArrayView<float>>(Widen<TFormat>))(
            IlgpuDevice.Extent(y.Length, nameof(Cast)), x.View, y.View);

    /// <inheritdoc/>
    protected override void Change<TFrom, TTo>(DeviceBuffer<ushort> x, DeviceBuffer<ushort> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<ushort>, ArrayView<ushort>>(Change<TFrom, TTo>))(
            IlgpuDevice.Extent(y.Length, nameof(Cast)), x.View, y.View);

    private static void Narrow<TFormat>(Index1D i, ArrayView<float> x, ArrayView<ushort> y) where TFormat : unmanaged, ISixteenBitFormat =>
        y[i] = default(TFormat).Narrow(x[i]);

    private static void Widen<TFormat>(Index1D i, ArrayView<ushort> x, ArrayView<float> y) where TFormat : unmanaged, ISixteenBitFormat =>
        y[i] = default(TFormat).Widen(x[i]);

    private static void Change<TFrom, TTo>(Index1D i, ArrayView<ushort> x, ArrayView<ushort> y)
        where TFrom : unmanaged, ISixteenBitFormat where TTo : unmanaged, ISixteenBitFormat =>
        y[i] = default(TTo).Narrow(default(TFrom).Widen(x[i]));
}
