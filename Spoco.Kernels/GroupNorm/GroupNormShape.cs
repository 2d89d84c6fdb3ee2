namespace Spoco.Kernels;

/// <summary>
/// Geometry of a normalisation: x is [Images, Voxels, Channels], C fastest, and each image's channels are cut into <paramref name="Groups"/> runs
/// that share one mean and one variance. Batch normalisation is the same with one image (the whole batch) and one group per channel.
/// </summary>
/// <param name="Images">Images with statistics of their own.</param>
/// <param name="Voxels">Voxels of one image.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Groups">Groups of channels; divides <paramref name="Channels"/>.</param>
internal readonly record struct GroupNormShape(int Images, int Voxels, int Channels, int Groups)
{
    /// <summary>The geometry of group normalisation.</summary>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public static GroupNormShape Of(TensorShape x, int groups)
    {
        if (groups < 1 || x.C % groups != 0)
            throw new ArgumentException($"GroupNorm: {x.C} channels do not divide into {groups} groups (input {x}).");
        return new GroupNormShape(x.N, Extent("GroupNorm", x.VoxelsPerImage, x), x.C, groups);
    }

    /// <summary>The geometry of batch normalisation.</summary>
    public static GroupNormShape OfBatch(TensorShape x) => new(1, Extent("BatchNorm", x.Voxels, x), x.C, x.C);

    /// <summary>Channels that share statistics.</summary>
    public int ChannelsPerGroup => Channels / Groups;

    /// <summary>Values that share one mean and one variance.</summary>
    public long ValuesPerGroup => (long)Voxels * ChannelsPerGroup;

    /// <summary>Pairs of mean and variance.</summary>
    public int Statistics => Images * Groups;

    /// <summary>Values of one image.</summary>
    public long ImageLength => (long)Voxels * Channels;

    /// <summary>All values.</summary>
    public long Count => Images * ImageLength;

    private static int Extent(string operation, long voxels, TensorShape x) => voxels <= int.MaxValue
        ? (int)voxels
        : throw new ArgumentException($"{operation}: {voxels} voxels share statistics, at most {int.MaxValue} can (input {x}).");
}

/// <summary>
/// Averages over the batches of a training, updated in place: r = (1 - momentum) r + momentum s; the variance with n - 1 in its denominator.
/// </summary>
/// <param name="Mean">Running mean per channel.</param>
/// <param name="Variance">Running variance per channel.</param>
/// <param name="Momentum">Weight of the new batch.</param>
internal readonly record struct RunningStatistics(DeviceBuffer<float> Mean, DeviceBuffer<float> Variance, float Momentum);
