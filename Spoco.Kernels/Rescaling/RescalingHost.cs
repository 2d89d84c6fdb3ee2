namespace Spoco.Kernels.Primitives;

/// <summary>Rescaling on the host.</summary>
internal sealed unsafe class RescalingHost : RescalingAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long values) => device.OnHost;

    /// <inheritdoc/>
    public override void Apply(DeviceBuffer<float> y, DeviceBuffer<float> factor)
    {
        if (*factor.HostAddress != 1)
            Elementwise.Apply(y, y, y, new ScaleOperator(*factor.HostAddress));
    }
}
