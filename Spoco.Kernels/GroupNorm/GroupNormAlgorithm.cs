namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="GroupNorm"/>, whose comments say what the arguments are.</summary>
internal abstract class GroupNormAlgorithm : IAlgorithm<GroupNormShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in GroupNormShape shape);

    /// <summary>Mean and rstd of every image and group, and running averages.</summary>
    public abstract void Statistics(
        GroupNormShape shape, float eps, DeviceBuffer<float> x, DeviceBuffer<float> mean, DeviceBuffer<float> rstd, RunningStatistics running);

    /// <summary>y = (x - mean) rstd gamma + beta.</summary>
    public abstract void Normalize(
        GroupNormShape shape, DeviceBuffer<float> x, DeviceBuffer<float> gamma, DeviceBuffer<float> beta, DeviceBuffer<float> mean,
        DeviceBuffer<float> rstd, DeviceBuffer<float> y);

    /// <summary>The gradients that are wanted.</summary>
    public abstract void Backward(
        GroupNormShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> x, DeviceBuffer<float> gamma, DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        DeviceBuffer<float> dx, DeviceBuffer<float> dgamma, DeviceBuffer<float> dbeta, bool constantStatistics);
}
