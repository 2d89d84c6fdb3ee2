namespace Spoco.Kernels.Primitives;

/// <summary>
/// Concatenation of a tensor with another one resized to its size, in one pass: the input of a U-Net's decoder level. Without the first tensor it
/// is a nearest-neighbour resize, with two tensors of one size a concatenation.
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
    /// dskip = the first channels of dy; dsmall = sum of the others over the output voxels that took a voxel of small, in the order of their
    /// addresses.
    /// </summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dskip">Result; default = not needed.</param>
    /// <param name="dsmall">Result; default = not needed.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dskip, DeviceBuffer<float> dsmall)
    {
        Require(dy, shape.Output, dy, nameof(dy));
        if (!dsmall.IsNull)
            Require(dsmall, shape.Small, dy, nameof(dsmall));
        if (!dskip.IsNull)
            Require(dskip, shape.Skip, dy, nameof(dskip));
        if (dsmall.IsNull)
        {
            if (!dskip.IsNull)
                ChannelSlice.Forward(shape.Output.Voxels, 0, dy, dskip);
        }
        else if (dy.Device is HostDevice host)
        {
            UpsampleConcatHost.Backward(host, shape, dy, dskip, dsmall);
        }
        else
        {
            UpsampleConcatSimt.BackwardSmall((IlgpuDevice)dy.Device, shape, dy, dsmall);
            if (!dskip.IsNull)
                ChannelSlice.Forward(shape.Output.Voxels, 0, dy, dskip);
        }
    }

    private static void Require(DeviceBuffer<float> buffer, TensorShape shape, DeviceBuffer<float> y, string name)
    {
        if (buffer.Length != shape.Count)
            throw new ArgumentException($"UpsampleConcat: {name} has {buffer.Length} elements, expected {shape.Count} ({shape}).");
        if (buffer.Device != y.Device)
            throw new ArgumentException($"UpsampleConcat: {name} is on device {buffer.Device.Name}, not {y.Device.Name}.");
    }
}
