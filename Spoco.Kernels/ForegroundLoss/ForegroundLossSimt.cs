using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The foreground loss on ILGPU devices: a thread takes every n-th pixel of its image, a group leaves its sums, the last kernel adds the
/// groups.</summary>
internal static class ForegroundLossSimt
{
    private const int MaximalBlocks = 64;

    public static void Sums(
        IlgpuDevice gpu, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> sums)
    {
        var group = GroupSum.Size(gpu);
        var blocks = Math.Min((layout.Pixels - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>(sums.Length * blocks, nameof(ForegroundLoss));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLayout, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(SumsKernel))(
            (layout.Images * blocks, group), layout, blocks, logits.View, targets.View, partials.View);
        GroupSum.AddBlocks(gpu, partials, blocks, ForegroundLoss.Scalars, sums);
    }

    public static void Gradient(
        IlgpuDevice gpu, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, EmbeddingLayout, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(layout.Count, nameof(ForegroundLoss)), layout, logits.View, targets.View, factors.View, gradient.View);

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

        GroupSum.Store(entropy, overlap, square, partials, ((long)image * blocks + Grid.IdxX % blocks) * ForegroundLoss.Scalars);
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
