namespace Spoco.Kernels.Primitives;

/// <summary>A run of channels of every voxel.</summary>
public static class ChannelSlice
{
    /// <summary>y = the channels [first, first + y.Length / voxels) of x.</summary>
    /// <param name="voxels">Voxels of both.</param>
    /// <param name="first">First channel.</param>
    /// <param name="x">All channels.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A length is no multiple of the voxels, the run leaves the channels, or the devices differ.</exception>
    public static void Forward(long voxels, int first, DeviceBuffer<float> x, DeviceBuffer<float> y)
    {
        var (channels, count) = Channels(voxels, first, x, y);
        if (x.Device is HostDevice host)
            ChannelSliceHost.Forward(host, voxels, channels, first, count, x, y);
        else
            ChannelSliceSimt.Forward((IlgpuDevice)x.Device, channels, first, count, x, y);
    }

    /// <summary>dx = dy in the channels [first, first + dy.Length / voxels), 0 in the others.</summary>
    /// <param name="voxels">Voxels of both.</param>
    /// <param name="first">First channel.</param>
    /// <param name="dy">The run of channels.</param>
    /// <param name="dx">Result, all channels.</param>
    /// <exception cref="ArgumentException">A length is no multiple of the voxels, the run leaves the channels, or the devices differ.</exception>
    public static void Backward(long voxels, int first, DeviceBuffer<float> dy, DeviceBuffer<float> dx)
    {
        var (channels, count) = Channels(voxels, first, dx, dy);
        if (dx.Device is HostDevice host)
            ChannelSliceHost.Backward(host, voxels, channels, first, count, dy, dx);
        else
            ChannelSliceSimt.Backward((IlgpuDevice)dx.Device, channels, first, count, dy, dx);
    }

    private static (int Channels, int Count) Channels(long voxels, int first, DeviceBuffer<float> all, DeviceBuffer<float> part)
    {
        if (voxels < 1 || all.Length % voxels != 0 || part.Length % voxels != 0)
            throw new ArgumentException($"ChannelSlice: {all.Length} and {part.Length} elements are no whole channels of {voxels} voxels.");
        if (all.Device != part.Device)
            throw new ArgumentException($"ChannelSlice: devices differ: {all.Device.Name} and {part.Device.Name}.");
        var (channels, count) = (checked((int)(all.Length / voxels)), checked((int)(part.Length / voxels)));
        return first >= 0 && first <= channels - count
            ? (channels, count)
            : throw new ArgumentException($"ChannelSlice: channels {first} to {first + count - 1} are not all among {channels}.");
    }
}
