namespace Spoco.Kernels.Primitives;

/// <summary>
/// Group normalisation (Wu and He 2018, arXiv:1803.08494): y = (x - mean) rstd gamma + beta, rstd = 1 / sqrt(variance + eps), with the mean and
/// the biased variance over the voxels and channels of a group. x is read once for the statistics and once to normalise; the results do not depend
/// on the threads.
/// </summary>
public static class GroupNorm
{
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
        Require(x, x, shape.Count, nameof(x));
        Require(x, mean, shape.Statistics, nameof(mean));
        Require(x, rstd, shape.Statistics, nameof(rstd));
        if (!running.Mean.IsNull)
        {
            if (shape.Images != 1)
                throw new ArgumentException($"GroupNorm: running averages need one set of statistics per channel, not {shape.Images} images.");
            Require(x, running.Mean, shape.Groups, "running mean");
            Require(x, running.Variance, shape.Groups, "running variance");
        }

        if (x.Device is HostDevice host)
            GroupNormHost.Statistics(host, shape, eps, x, mean, rstd, running);
        else
            GroupNormSimt.Statistics((IlgpuDevice)x.Device, shape, eps, x, mean, rstd, running);
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
        Require(x, x, shape.Count, nameof(x));
        Require(x, gamma, shape.Channels, nameof(gamma));
        Require(x, beta, shape.Channels, nameof(beta));
        Require(x, mean, shape.Statistics, nameof(mean));
        Require(x, rstd, shape.Statistics, nameof(rstd));
        Require(x, y, shape.Count, nameof(y));
        if (x.Device is HostDevice host)
            GroupNormHost.Normalize(host, shape, x, gamma, beta, mean, rstd, y);
        else
            GroupNormSimt.Normalize((IlgpuDevice)x.Device, shape, x, gamma, beta, mean, rstd, y);
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
        Require(x, dy, shape.Count, nameof(dy));
        Require(x, x, shape.Count, nameof(x));
        Require(x, gamma, shape.Channels, nameof(gamma));
        Require(x, mean, shape.Statistics, nameof(mean));
        Require(x, rstd, shape.Statistics, nameof(rstd));
        if (!dx.IsNull)
            Require(x, dx, shape.Count, nameof(dx));
        if (!dgamma.IsNull)
            Require(x, dgamma, shape.Channels, nameof(dgamma));
        if (!dbeta.IsNull)
            Require(x, dbeta, shape.Channels, nameof(dbeta));
        if (x.Device is HostDevice host)
            GroupNormHost.Backward(host, shape, dy, x, gamma, mean, rstd, dx, dgamma, dbeta, constantStatistics);
        else
            GroupNormSimt.Backward((IlgpuDevice)x.Device, shape, dy, x, gamma, mean, rstd, dx, dgamma, dbeta, constantStatistics);
    }

    private static void Require(DeviceBuffer<float> x, DeviceBuffer<float> buffer, long length, string name)
    {
        if (buffer.Length != length)
            throw new ArgumentException($"GroupNorm: {name} has {buffer.Length} elements, expected {length}.");
        if (buffer.Device != x.Device)
            throw new ArgumentException($"GroupNorm: {name} is on device {buffer.Device.Name}, the input on {x.Device.Name}.");
    }
}
