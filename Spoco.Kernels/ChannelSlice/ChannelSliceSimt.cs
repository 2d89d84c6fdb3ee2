using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>A run of channels on ILGPU devices: one thread per value that is written.</summary>
internal sealed class ChannelSliceSimt : ChannelSliceAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "values";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ChannelRun run) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in ChannelRun run, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, int, int, int, ArrayView<float>, ArrayView<float>>(Forward))(
            IlgpuDevice.Extent(y.Length, nameof(ChannelSlice)), run.Channels, run.First, run.Count, x.View, y.View);

    /// <inheritdoc/>
    public override void Backward(in ChannelRun run, DeviceBuffer<float> dy, DeviceBuffer<float> dx) =>
        dx.Device.Ilgpu.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, int, int, int, ArrayView<float>, ArrayView<float>>(Backward))(
            IlgpuDevice.Extent(dx.Length, nameof(ChannelSlice)), run.Channels, run.First, run.Count, dy.View, dx.View);

    private static void Forward(Index1D i, int channels, int first, int count, ArrayView<float> x, ArrayView<float> y)
    {
        var v = i.X / count;
        y[i] = x[(long)v * channels + first + (i.X - v * count)];
    }

    private static void Backward(Index1D i, int channels, int first, int count, ArrayView<float> dy, ArrayView<float> dx)
    {
        var v = i.X / channels;
        var c = i.X - v * channels - first;
        dx[i] = c >= 0 && c < count ? dy[(long)v * count + c] : 0f;
    }
}
