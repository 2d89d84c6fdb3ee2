using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Element by element on ILGPU devices: one thread per element, neighbours read neighbouring addresses.</summary>
internal sealed class ElementwiseSimt : ElementwiseAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "elements";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long count) => !device.OnHost;

    /// <inheritdoc/>
    public override void Apply<TOperator>(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> y, TOperator function) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>, TOperator>(Apply))(
            IlgpuDevice.Extent(y.Length, nameof(Elementwise)), a.View, b.View, y.View, function);

    /// <inheritdoc/>
    public override void Fill(DeviceBuffer<float> y, float value) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, float>(Fill))(
            IlgpuDevice.Extent(y.Length, nameof(Elementwise)), y.View, value);

    private static void Apply<TOperator>(Index1D i, ArrayView<float> a, ArrayView<float> b, ArrayView<float> y, TOperator function)
        where TOperator : unmanaged, IElementwiseOperator => y[i] = function.Apply(a[i], b[i]);

    private static void Fill(Index1D i, ArrayView<float> y, float value) => y[i] = value;
}
