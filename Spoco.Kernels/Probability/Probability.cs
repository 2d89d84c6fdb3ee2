using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The probability that a logit stands for: p = 1 / (1 + exp(-logit)).</summary>
public static class Probability
{
    /// <summary>p, for the host and in kernels.</summary>
    internal static float Of(float logit) => 1 / (1 + XMath.Exp(-logit));

    /// <summary>sums[i] += share p(i): with a share of 1/n, the mean over n views of an image, each laid in another orientation.</summary>
    /// <param name="image">How the image lies, and where the results of its part belong.</param>
    /// <param name="values">Values of all channels, as they lie.</param>
    /// <param name="channel">The channel of the logit.</param>
    /// <param name="share">Multiplies the probability.</param>
    /// <param name="sums">A value per pixel of the part.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or there is no such channel.</exception>
    public static unsafe void AddShare(LaidImage image, DeviceBuffer<float> values, int channel, float share, DeviceBuffer<float> sums)
    {
        if (!image.IsValid || values.Length != image.Shape.Count || channel < 0 || channel >= image.Shape.C || sums.Length != image.Part.Voxels)
            throw new ArgumentException($"Probability: {values.Length} values, channel {channel} and {sums.Length} sums do not fit an image {image.Shape} "
                + $"of which {image.Part} is looked at.");
        if (sums.Device is HostDevice host)
            host.Workers.Run(checked(image.Part.D * image.Part.H), new Body(image, values.HostAddress + channel, share, sums.HostAddress));
        else
            ((IlgpuDevice)sums.Device).Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, LaidImage, ArrayView<float>, int, float, ArrayView<float>>(AddShareKernel))(
                IlgpuDevice.Extent(sums.Length, nameof(Probability)), image, values.View, channel, share, sums.View);
    }

    /// <summary>One thread per pixel.</summary>
    private static void AddShareKernel(Index1D i, LaidImage image, ArrayView<float> values, int channel, float share, ArrayView<float> sums)
    {
        var x = i.X % image.Part.W;
        var y = i.X / image.Part.W % image.Part.H;
        var z = i.X / image.Part.W / image.Part.H;
        sums[image.Result(z, y, x)] += share * Of(values[image.Source(z, y, x) + channel]);
    }

    /// <summary>A worker takes rows of the part as they lie.</summary>
    private readonly unsafe struct Body(LaidImage image, float* logits, float share, float* sums) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var (z, y) = (row / image.Part.H, row % image.Part.H);
                var source = logits + image.Source(z, y, 0);
                var result = sums + image.Result(z, y, 0);
                for (var x = 0; x < image.Part.W; x++)
                    result[(nint)x * image.Column] += share * Of(source[(nint)x * image.Shape.C]);
            }
        }
    }
}
