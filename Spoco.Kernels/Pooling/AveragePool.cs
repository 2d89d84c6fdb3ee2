namespace Spoco.Kernels.Primitives;

/// <summary>Mean over windows.</summary>
internal static class AveragePool
{
    internal static readonly Chooser<AveragePoolAlgorithm, PoolingShape> Chooser = new(nameof(AveragePool), new AveragePoolHost(), new AveragePoolSimt());

    /// <summary>y = mean over the window.</summary>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y)
    {
        new Arguments(nameof(AveragePool), y.Device).Need(x, shape.Input.Count, "the input").Need(y, shape.Output.Count, "the output");
        Chooser.For(y.Device, shape).Forward(shape, x, y);
    }

    /// <summary>dx = dy / (voxels of a window) under every window, 0 behind the last one.</summary>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dx)
    {
        new Arguments(nameof(AveragePool), dx.Device).Need(dy, shape.Output.Count, "the output gradient").Need(dx, shape.Input.Count, "the input gradient");
        Chooser.For(dx.Device, shape).Backward(shape, dy, dx);
    }
}
