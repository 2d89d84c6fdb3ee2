using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Edge weights on ILGPU devices.</summary>
internal sealed class AffinitySimt : AffinityAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "pixels";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in LaidImage image) => !device.OnHost;

    /// <inheritdoc/>
    public override void AddShare(
        in LaidImage image, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float reach, float share, bool channelsLast,
        DeviceBuffer<float> sums) =>
        sums.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, LaidImage, ArrayView<float>, int, ArrayView<PixelOffset>, float, float, int, ArrayView<float>>(AddShareKernel))(
            IlgpuDevice.Extent(image.Part.Voxels, nameof(Affinity)), image, embeddings.View, channels, offsets.View, reach, share, channelsLast ? 1 : 0,
            sums.View);

    /// <summary>A thread takes a pixel as it lies, with all offsets.</summary>
    private static void AddShareKernel(
        Index1D i, LaidImage image, ArrayView<float> embeddings, int channels, ArrayView<PixelOffset> offsets, float reach, float share, int channelsLast,
        ArrayView<float> sums)
    {
        var x = i.X % image.Part.W;
        var y = i.X / image.Part.W % image.Part.H;
        var z = i.X / image.Part.W / image.Part.H;
        var result = image.Result(z, y, x);
        var a = image.Source(z, y, x);
        x += image.First.X;
        y += image.First.Y;
        z += image.First.Z;
        var count = offsets.IntLength;
        var pixels = image.Part.D * image.Part.H * image.Part.W;
        for (var o = 0; o < count; o++)
        {
            var offset = offsets[o];
            var at = channelsLast != 0 ? (long)result * count + o : (long)o * pixels + result;
            var weight = Affinity.Outside;
            if (IsWithin(x, offset.X, image.Shape.W) && IsWithin(y, offset.Y, image.Shape.H) && IsWithin(z, offset.Z, image.Shape.D))
            {
                var b = a + (((long)offset.Z * image.Shape.H + offset.Y) * image.Shape.W + offset.X) * image.Shape.C;
                weight = EdgeWeight.Of(XMath.Sqrt(EmbeddingDistance.Squared(embeddings, a, b, channels)), reach);
            }

            sums[at] += weight * share;
        }
    }

    private static bool IsWithin(int position, int step, int extent) => position + (long)step >= 0 && position + (long)step < extent;
}
