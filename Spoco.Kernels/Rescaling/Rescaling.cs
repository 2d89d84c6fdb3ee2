namespace Spoco.Kernels.Primitives;

/// <summary>Multiplies a gradient that is at hand by the number that arrives later.</summary>
internal static class Rescaling
{
    internal static readonly Chooser<RescalingAlgorithm, long> Chooser = new(nameof(Rescaling), new RescalingHost(), new RescalingSimt());

    /// <summary>y_i = factor y_i, in place; where the factor is 1, nothing is read or written. Nobody waits for the factor.</summary>
    /// <param name="y">Values.</param>
    /// <param name="factor">[1].</param>
    /// <exception cref="ArgumentException">There is not one factor, or it lies on another device.</exception>
    public static void Apply(DeviceBuffer<float> y, DeviceBuffer<float> factor)
    {
        new Arguments(nameof(Rescaling), y.Device).Need(factor, 1, "the factor");
        Chooser.For(y.Device, y.Length).Apply(y, factor);
    }
}
