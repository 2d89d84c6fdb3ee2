using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>A run of channels on ILGPU devices: one thread per value that is written.</summary>
internal static class ChannelSliceSimt
{
    public static void Forward(IlgpuDevice device, int channels, int first, int count, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, int, int, int, ArrayView<float>, ArrayView<float>>(Forward))(
            IlgpuDevice.Extent(y.Length, nameof(ChannelSlice)), channels, first, count, x.View, y.View);

    public static void Backward(IlgpuDevice device, int channels, int first, int count, DeviceBuffer<float> dy, DeviceBuffer<float> dx) =>
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, int, int, int, ArrayView<float>, ArrayView<float>>(Backward))(
            IlgpuDevice.Extent(dx.Length, nameof(ChannelSlice)), channels, first, count, dy.View, dx.View);

    public static void Forward(Index1D i, int channels, int first, int count, ArrayView<float> x, ArrayView<float> y)
    {
        var v = i.X / count;
        y[i] = x[(long)v * channels + first + (i.X - v * count)];
    }

    public static void Backward(Index1D i, int channels, int first, int count, ArrayView<float> dy, ArrayView<float> dx)
    {
        var v = i.X / channels;
        var c = i.X - v * channels - first;
        dx[i] = c >= 0 && c < count ? dy[(long)v * count + c] : 0f;
    }
}
