namespace Spoco.Kernels.Primitives;

/// <summary>
/// Concatenation of a tensor with another one resized to its size, in one pass: the input of a U-Net's decoder level. Without the first tensor it is a
/// nearest-neighbour resize, with two tensors of one size a concatenation.
/// </summary>
public static class UpsampleConcat
{
    /// <summary>y = (skip, small resized) along the channels.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="skip">First channels; default where the geometry has none.</param>
    /// <param name="small">What is resized.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(UpsampleShape shape, DeviceBuffer<float> skip, DeviceBuffer<float> small, DeviceBuffer<float> y)
    {
        Require(y, shape.Output, y, nameof(y));
        Require(small, shape.Small, y, nameof(small));
        if (shape.SkipChannels > 0)
            Require(skip, shape.Skip, y, nameof(skip));
        if (y.Device is HostDevice host)
            UpsampleConcatHost.Forward(host, shape, skip, small, y);
        else
            UpsampleConcatSimt.Forward((IlgpuDevice)y.Device, shape, skip, small, y);
    }

    /// <summary>
    /// dsmall = sum of dy over the output voxels that took a voxel of small, in the order of their addresses. (The skip tensor's gradient is a
    /// <see cref="ChannelSlice"/> of dy.)
    /// </summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of the output, the skip tensor's channels included.</param>
    /// <param name="dsmall">Result.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void BackwardSmall(UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dsmall)
    {
        Require(dy, shape.Output, dy, nameof(dy));
        Require(dsmall, shape.Small, dy, nameof(dsmall));
        if (dy.Device is HostDevice host)
            UpsampleConcatHost.BackwardSmall(host, shape, dy, dsmall);
        else
            UpsampleConcatSimt.BackwardSmall((IlgpuDevice)dy.Device, shape, dy, dsmall);
    }

    private static void Require(DeviceBuffer<float> buffer, TensorShape shape, DeviceBuffer<float> y, string name)
    {
        if (buffer.Length != shape.Count)
            throw new ArgumentException($"UpsampleConcat: {name} has {buffer.Length} elements, expected {shape.Count} ({shape}).");
        if (buffer.Device != y.Device)
            throw new ArgumentException($"UpsampleConcat: {name} is on device {buffer.Device.Name}, not {y.Device.Name}.");
    }
}
