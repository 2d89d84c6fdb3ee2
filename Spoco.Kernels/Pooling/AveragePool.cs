namespace Spoco.Kernels.Primitives;

/// <summary>Mean over windows.</summary>
public static class AveragePool
{
    /// <summary>y = mean over the window.</summary>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y)
    {
        PoolingArguments.Require(nameof(AveragePool), shape, x, y);
        if (x.Device is HostDevice host)
            AveragePoolHost.Forward(host, shape, x, y);
        else
            AveragePoolSimt.Forward((IlgpuDevice)x.Device, shape, x, y);
    }

    /// <summary>dx = dy / (voxels of a window) under every window, 0 behind the last one.</summary>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dx)
    {
        PoolingArguments.Require(nameof(AveragePool), shape, dx, dy);
        if (dx.Device is HostDevice host)
            AveragePoolHost.Backward(host, shape, dy, dx);
        else
            AveragePoolSimt.Backward((IlgpuDevice)dx.Device, shape, dy, dx);
    }
}
