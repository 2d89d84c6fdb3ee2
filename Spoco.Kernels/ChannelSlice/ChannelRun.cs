namespace Spoco.Kernels;

/// <summary>A run of channels of every voxel.</summary>
/// <param name="Voxels">Voxels.</param>
/// <param name="Channels">Channels of a voxel.</param>
/// <param name="First">First channel of the run.</param>
/// <param name="Count">Channels of the run.</param>
internal readonly record struct ChannelRun(long Voxels, int Channels, int First, int Count)
{
    /// <summary>The run of so many channels out of all.</summary>
    /// <exception cref="ArgumentException">A length is no multiple of the voxels, or the run leaves the channels.</exception>
    public static ChannelRun Of(long voxels, int first, long all, long part)
    {
        if (voxels < 1 || all % voxels != 0 || part % voxels != 0)
            throw new ArgumentException($"ChannelSlice: {all} and {part} elements are no whole channels of {voxels} voxels.");
        var run = new ChannelRun(voxels, checked((int)(all / voxels)), first, checked((int)(part / voxels)));
        return first >= 0 && first <= run.Channels - run.Count
            ? run
            : throw new ArgumentException($"ChannelSlice: channels {first} to {first + run.Count - 1} are not all among {run.Channels}.");
    }
}
