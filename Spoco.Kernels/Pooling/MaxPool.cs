namespace Spoco.Kernels.Primitives;

/// <summary>
/// Maximum over windows. The place of a maximum is its number in the window, (kd WindowH + kh) WindowW + kw, in one byte. Of equal values the first
/// counts; a NaN is a maximum, and of several the last counts, as in PyTorch.
/// </summary>
public static class MaxPool
{
    /// <summary>y = max over the window.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Result.</param>
    /// <param name="places">Result, as many as y: where in the window the maximum is; default = not needed.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<byte> places)
    {
        PoolingArguments.Require(nameof(MaxPool), shape, x, y);
        if (!places.IsNull)
            PoolingArguments.Require(nameof(MaxPool), y, places);
        if (x.Device is HostDevice host)
            MaxPoolHost.Forward(host, shape, x, y, places);
        else
            MaxPoolSimt.Forward((IlgpuDevice)x.Device, shape, x, y, places);
    }

    /// <summary>dx = dy at the places of the maxima, 0 elsewhere; or dx += that.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="places">What <see cref="Forward"/> gave.</param>
    /// <param name="dx">Result.</param>
    /// <param name="add">Whether to add to what is in <paramref name="dx"/>.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<byte> places, DeviceBuffer<float> dx, bool add = false)
    {
        PoolingArguments.Require(nameof(MaxPool), shape, dx, dy);
        PoolingArguments.Require(nameof(MaxPool), dy, places);
        if (dx.Device is HostDevice host)
            MaxPoolHost.Backward(host, shape, dy, places, dx, add);
        else
            MaxPoolSimt.Backward((IlgpuDevice)dx.Device, shape, dy, places, dx, add);
    }

    /// <summary>y = x at the places of the maxima of another input: the derivative of <see cref="Backward"/> with respect to dy.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">Values in the input's shape.</param>
    /// <param name="places">What <see cref="Forward"/> gave.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Gather(PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<byte> places, DeviceBuffer<float> y)
    {
        PoolingArguments.Require(nameof(MaxPool), shape, x, y);
        PoolingArguments.Require(nameof(MaxPool), y, places);
        if (x.Device is HostDevice host)
            MaxPoolHost.Gather(host, shape, x, places, y);
        else
            MaxPoolSimt.Gather((IlgpuDevice)x.Device, shape, x, places, y);
    }
}
