using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Probabilities on ILGPU devices: one thread per pixel.</summary>
internal sealed class ProbabilitySimt : ProbabilityAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "pixels";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in LaidImage image) => !device.OnHost;

    /// <inheritdoc/>
    public override void AddShare(in LaidImage image, DeviceBuffer<float> values, int channel, float share, DeviceBuffer<float> sums) =>
        sums.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, LaidImage, ArrayView<float>, int, float, ArrayView<float>>(AddShare))(
            IlgpuDevice.Extent(sums.Length, nameof(Probability)), image, values.View, channel, share, sums.View);

    private static void AddShare(Index1D i, LaidImage image, ArrayView<float> values, int channel, float share, ArrayView<float> sums)
    {
        var x = i.X % image.Part.W;
        var y = i.X / image.Part.W % image.Part.H;
        var z = i.X / image.Part.W / image.Part.H;
        sums[image.Result(z, y, x)] += share * Probability.Of(values[image.Source(z, y, x) + channel]);
    }
}
