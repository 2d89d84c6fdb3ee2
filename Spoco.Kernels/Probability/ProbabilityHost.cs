namespace Spoco.Kernels.Primitives;

/// <summary>Probabilities on the host: a worker takes rows of the part as they lie.</summary>
internal sealed unsafe class ProbabilityHost : ProbabilityAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in LaidImage image) => device.OnHost;

    /// <inheritdoc/>
    public override void AddShare(in LaidImage image, DeviceBuffer<float> values, int channel, float share, DeviceBuffer<float> sums) =>
        sums.Device.Host.Workers.Run(checked(image.Part.D * image.Part.H), new Body(image, values.HostAddress + channel, share, sums.HostAddress));

    private readonly struct Body(LaidImage image, float* logits, float share, float* sums) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var (z, y) = (row / image.Part.H, row % image.Part.H);
                var source = logits + image.Source(z, y, 0);
                var result = sums + image.Result(z, y, 0);
                for (var x = 0; x < image.Part.W; x++)
                    result[(nint)x * image.Column] += share * Probability.Of(source[(nint)x * image.Shape.C]);
            }
        }
    }
}
