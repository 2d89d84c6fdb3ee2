namespace Spoco.Kernels.Primitives;

/// <summary>
/// Group normalisation (Wu and He 2018, arXiv:1803.08494): y = (x - mean) rstd gamma + beta, rstd = 1 / sqrt(variance + eps), with the mean and
/// the biased variance over the voxels and channels of a group. x is read once for the statistics and once to normalise; the results do not depend
/// on the threads.
/// </summary>
internal static class GroupNorm
{
    internal static readonly Chooser<GroupNormAlgorithm, GroupNormShape> Chooser = new(nameof(GroupNorm), new GroupNormHost(), new GroupNormSimt());

    /// <summary>Computes mean and rstd of every image and group, and updates running averages where given.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="x">Input.</param>
    /// <param name="mean">Result, Images x Groups.</param>
    /// <param name="rstd">Result, Images x Groups.</param>
    /// <param name="running">Running averages (one image only); default = none.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Statistics(
        GroupNormShape shape, float eps, DeviceBuffer<float> x, DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        RunningStatistics running = default)
    {
        var arguments = new Arguments(nameof(GroupNorm), x.Device).Need(x, shape.Count, "x").Need(mean, shape.Statistics, "the mean")
            .Need(rstd, shape.Statistics, "rstd");
        if (!running.Mean.IsNull)
        {
            if (shape.Images != 1)
                throw new ArgumentException($"GroupNorm: running averages need one set of statistics per channel, not {shape.Images} images.");
            arguments.Need(running.Mean, shape.Groups, "the running mean").Need(running.Variance, shape.Groups, "the running variance");
        }

        Chooser.For(x.Device, shape).Statistics(shape, eps, x, mean, rstd, running);
    }

    /// <summary>y = (x - mean) rstd gamma + beta; y may be x.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">Input.</param>
    /// <param name="gamma">Scale per channel.</param>
    /// <param name="beta">Offset per channel.</param>
    /// <param name="mean">Images x Groups.</param>
    /// <param name="rstd">Images x Groups.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Normalize(
        GroupNormShape shape, DeviceBuffer<float> x, DeviceBuffer<float> gamma, DeviceBuffer<float> beta,
        DeviceBuffer<float> mean, DeviceBuffer<float> rstd, DeviceBuffer<float> y)
    {
        new Arguments(nameof(GroupNorm), x.Device).Need(x, shape.Count, "x").Need(gamma, shape.Channels, "gamma").Need(beta, shape.Channels, "beta")
            .Need(mean, shape.Statistics, "the mean").Need(rstd, shape.Statistics, "rstd").Need(y, shape.Count, "y");
        Chooser.For(x.Device, shape).Normalize(shape, x, gamma, beta, mean, rstd, y);
    }

    /// <summary>
    /// With z = (x - mean) rstd and averages over a group: dx = rstd (gamma dy - avg(gamma dy) - z avg(gamma dy z)), dgamma = sum dy z,
    /// dbeta = sum dy.
    /// </summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="x">The input of the forward pass.</param>
    /// <param name="gamma">Scale per channel.</param>
    /// <param name="mean">Images x Groups.</param>
    /// <param name="rstd">Images x Groups.</param>
    /// <param name="dx">Result; default = not needed. May be dy.</param>
    /// <param name="dgamma">Result per channel; default = not needed.</param>
    /// <param name="dbeta">Result per channel; default = not needed.</param>
    /// <param name="constantStatistics">Whether mean and rstd do not depend on x (running averages): the two averages are then 0.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(
        GroupNormShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> x, DeviceBuffer<float> gamma,
        DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        DeviceBuffer<float> dx, DeviceBuffer<float> dgamma, DeviceBuffer<float> dbeta, bool constantStatistics = false)
    {
        new Arguments(nameof(GroupNorm), x.Device).Need(dy, shape.Count, "dy").Need(x, shape.Count, "x").Need(gamma, shape.Channels, "gamma")
            .Need(mean, shape.Statistics, "the mean").Need(rstd, shape.Statistics, "rstd")
            .Allow(dx, shape.Count, "dx").Allow(dgamma, shape.Channels, "dgamma").Allow(dbeta, shape.Channels, "dbeta");
        Chooser.For(x.Device, shape).Backward(shape, dy, x, gamma, mean, rstd, dx, dgamma, dbeta, constantStatistics);
    }
}
