namespace Spoco.Kernels.Primitives;

/// <summary>A run of channels of every voxel.</summary>
internal static class ChannelSlice
{
    internal static readonly Chooser<ChannelSliceAlgorithm, ChannelRun> Chooser = new(nameof(ChannelSlice), new ChannelSliceHost(), new ChannelSliceSimt());

    /// <summary>y = the channels [first, first + y.Length / voxels) of x.</summary>
    /// <param name="voxels">Voxels of both.</param>
    /// <param name="first">First channel.</param>
    /// <param name="x">All channels.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A length is no multiple of the voxels, the run leaves the channels, or the devices differ.</exception>
    public static void Forward(long voxels, int first, DeviceBuffer<float> x, DeviceBuffer<float> y)
    {
        var run = ChannelRun.Of(voxels, first, x.Length, y.Length);
        new Arguments(nameof(ChannelSlice), y.Device).Need(x, x.Length, "the input");
        Chooser.For(y.Device, run).Forward(run, x, y);
    }

    /// <summary>dx = dy in the channels [first, first + dy.Length / voxels), 0 in the others.</summary>
    /// <param name="voxels">Voxels of both.</param>
    /// <param name="first">First channel.</param>
    /// <param name="dy">The run of channels.</param>
    /// <param name="dx">Result, all channels.</param>
    /// <exception cref="ArgumentException">A length is no multiple of the voxels, the run leaves the channels, or the devices differ.</exception>
    public static void Backward(long voxels, int first, DeviceBuffer<float> dy, DeviceBuffer<float> dx)
    {
        var run = ChannelRun.Of(voxels, first, dx.Length, dy.Length);
        new Arguments(nameof(ChannelSlice), dx.Device).Need(dy, dy.Length, "the output gradient");
        Chooser.For(dx.Device, run).Backward(run, dy, dx);
    }
}
