using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The foreground loss on ILGPU devices: a thread takes every n-th pixel of its image, a group leaves its sums, and a group per image makes values and factors of them.</summary>
internal sealed class ForegroundLossSimt : ForegroundLossAlgorithm
{
    private const int MaximalBlocks = 64;

    /// <summary>Sums per image and group: the weighted cross-entropy, pq, p^2.</summary>
    private const int Scalars = 3;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<int> objectPixels, float weight, DeviceBuffer<float> values,
        DeviceBuffer<float> factors)
    {
        var gpu = logits.Device.Ilgpu;
        var group = GroupSum.Size(gpu);
        var blocks = Math.Min((layout.Pixels - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>((long)Scalars * layout.Images * blocks, nameof(ForegroundLoss));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLayout, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(SumsKernel))(
            (layout.Images * blocks, group), layout, blocks, logits.View, targets.View, partials.View);
        gpu.Kernel(static d => d.LoadStreamKernel<
            EmbeddingLayout, int, float, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<float>>(CombineKernel))(
            (layout.Images, group), layout, blocks, weight, partials.View, objectPixels.View, values.View, factors.View);
    }

    /// <inheritdoc/>
    public override void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        logits.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, EmbeddingLayout, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(layout.Count, nameof(ForegroundLoss)), layout, logits.View, targets.View, factors.View, gradient.View);

    /// <summary>One group per image.</summary>
    private static void CombineKernel(
        EmbeddingLayout layout, int blocks, float weight, ArrayView<float> partials, ArrayView<int> objectPixels, ArrayView<float> values, ArrayView<float> factors)
    {
        var sums = SharedMemory.Allocate1D<float>(Scalars * GroupSum.MaximalSize);
        var totals = SharedMemory.Allocate1D<float>(Scalars);
        var n = Grid.IdxX;
        for (var k = 0; k < Scalars; k++)
        {
            var sum = 0f;
            for (var block = Group.IdxX; block < blocks; block += Group.DimX)
                sum += partials[((long)n * blocks + block) * Scalars + k];
            sums[k * GroupSum.MaximalSize + Group.IdxX] = sum;
        }

        GroupSum.OfThreads(sums, Scalars, totals);
        if (Group.IdxX > 0)
            return;
        var overlap = totals[1];
        var square = XMath.Max(totals[2] + objectPixels[n], (float)ForegroundLoss.DiceFloor);
        values[n] = totals[0] / layout.Pixels + 1 - 2 * overlap / square;
        factors[ForegroundLoss.Factors * n] = weight / ((float)layout.Pixels * layout.Images);
        factors[ForegroundLoss.Factors * n + 1] = -2 * weight / (square * layout.Images);
        factors[ForegroundLoss.Factors * n + 2] = 4 * weight * overlap / (square * square * layout.Images);
    }

    private static void SumsKernel(
        EmbeddingLayout layout, int blocks, ArrayView<float> logits, ArrayView<float> targets, ArrayView<float> partials)
    {
        var image = Grid.IdxX / blocks;
        var entropy = 0f;
        var overlap = 0f;
        var square = 0f;
        for (var i = Grid.IdxX % blocks * Group.DimX + Group.IdxX; i < layout.Pixels; i += blocks * Group.DimX)
        {
            var pixel = (long)image * layout.Pixels + i;
            var z = logits[pixel * layout.PixelStride + layout.ChannelOffset];
            var t = targets[pixel];
            var q = t > 0 ? 1f : 0f;
            var small = XMath.Exp(-XMath.Abs(z));
            var p = (z >= 0 ? 1f : small) / (1 + small);
            entropy += XMath.Abs(t) * (XMath.Max(z, 0f) - q * z + XMath.Log(1 + small));
            overlap += p * q;
            square += p * p;
        }

        GroupSum.Store(entropy, overlap, square, partials, ((long)image * blocks + Grid.IdxX % blocks) * Scalars);
    }

    /// <summary>One thread per pixel.</summary>
    private static void GradientKernel(
        Index1D i, EmbeddingLayout layout, ArrayView<float> logits, ArrayView<float> targets, ArrayView<float> factors,
        ArrayView<float> gradient)
    {
        var image = i.X / layout.Pixels;
        var at = (long)i.X * layout.PixelStride + layout.ChannelOffset;
        var z = logits[at];
        var t = targets[i];
        var q = t > 0 ? 1f : 0f;
        var small = XMath.Exp(-XMath.Abs(z));
        var p = (z >= 0 ? 1f : small) / (1 + small);
        gradient[at] = factors[3 * image] * XMath.Abs(t) * (p - q)
            + (factors[3 * image + 1] * q + factors[3 * image + 2] * p) * small / ((1 + small) * (1 + small));
    }
}
