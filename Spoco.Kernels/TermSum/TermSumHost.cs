namespace Spoco.Kernels.Primitives;

/// <summary>The sum of terms on the host, in double precision.</summary>
internal sealed unsafe class TermSumHost : TermSumAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long values) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(DeviceBuffer<float> values, DeviceBuffer<float> weights, DeviceBuffer<float> total)
    {
        var (sum, images) = (0.0, values.Length / weights.Length);
        for (long i = 0; i < values.Length; i++)
            sum += (double)weights.HostAddress[i / images] * values.HostAddress[i];
        *total.HostAddress = (float)sum;
    }
}
