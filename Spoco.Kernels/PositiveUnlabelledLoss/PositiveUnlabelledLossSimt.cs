using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The positive-unlabelled loss on ILGPU devices: a thread takes every n-th pixel of its image, a group leaves its sums, the last kernel adds the
/// groups.</summary>
internal static class PositiveUnlabelledLossSimt
{
    private const int MaximalBlocks = 64;

    public static void Sums(
        IlgpuDevice gpu, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> teacher, DeviceBuffer<float> sums)
    {
        var group = GroupSum.Size(gpu);
        var blocks = Math.Min((layout.Pixels - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>(sums.Length * blocks, nameof(PositiveUnlabelledLoss));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<
            EmbeddingLayout, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, ArrayView<float>>(SumsKernel))(
            (layout.Images * blocks, group), layout, blocks, logits.View, targets.View, (teacher.IsNull ? logits : teacher).View, teacher.IsNull ? 0 : 1, partials.View);
        GroupSum.AddBlocks(gpu, partials, blocks, PositiveUnlabelledLoss.Scalars, sums);
    }

    public static void Gradient(
        IlgpuDevice gpu, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> teacher, DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, EmbeddingLayout, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, ArrayView<float>, ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(layout.Count, nameof(PositiveUnlabelledLoss)), layout, logits.View, targets.View, (teacher.IsNull ? logits : teacher).View, teacher.IsNull ? 0 : 1, factors.View,
            gradient.View);

    /// <summary>How sure a teacher is of an pixel.</summary>
    private static float Certainty(ArrayView<float> teacher, long at)
    {
        var small = XMath.Exp(-XMath.Abs(teacher[at]));
        var certainty = (1 - small) / (1 + small);
        return certainty * certainty;
    }

    private static void SumsKernel(
        EmbeddingLayout layout, int blocks, ArrayView<float> logits, ArrayView<float> targets, ArrayView<float> teacher, int teaches,
        ArrayView<float> partials)
    {
        var image = Grid.IdxX / blocks;
        var accepted = 0f;
        var refused = 0f;
        var all = 0f;
        var background = 0f;
        var overlap = 0f;
        var square = 0f;
        var taught = 0f;
        var outside = 0f;
        for (var i = Grid.IdxX % blocks * Group.DimX + Group.IdxX; i < layout.Pixels; i += blocks * Group.DimX)
        {
            var pixel = (long)image * layout.Pixels + i;
            var at = pixel * layout.PixelStride + layout.ChannelOffset;
            var z = logits[at];
            var t = targets[pixel];
            var small = XMath.Exp(-XMath.Abs(z));
            var p = (z >= 0 ? 1f : small) / (1 + small);
            var loss = XMath.Max(z, 0f) + XMath.Log(1 + small);
            var positive = t == 1 ? 1f : 0f;
            accepted += positive * (loss - z);
            refused += positive * loss;
            all += loss;
            background += t < 0 ? loss : 0f;
            outside += t == 0.5f ? loss : 0f;
            overlap += positive * p;
            square += p * p;
            if (teaches != 0 && t >= 0 && t < 1)
                taught += Certainty(teacher, at) * (teacher[at] > 0 ? loss - z : loss);
        }

        var first = ((long)image * blocks + Grid.IdxX % blocks) * PositiveUnlabelledLoss.Scalars;
        GroupSum.Store(accepted, refused, all, partials, first);
        // The sums before are read from the same shared memory.
        Group.Barrier();
        GroupSum.Store(background, overlap, square, partials, first + 3);
        Group.Barrier();
        GroupSum.Store(taught, outside, 0, partials, first + 6, count: 2);
    }

    /// <summary>One thread per pixel.</summary>
    private static void GradientKernel(
        Index1D i, EmbeddingLayout layout, ArrayView<float> logits, ArrayView<float> targets, ArrayView<float> teacher, int teaches,
        ArrayView<float> f, ArrayView<float> gradient)
    {
        var at = (long)i.X * layout.PixelStride + layout.ChannelOffset;
        var z = logits[at];
        var t = targets[i];
        var small = XMath.Exp(-XMath.Abs(z));
        var p = (z >= 0 ? 1f : small) / (1 + small);
        var slope = small / ((1 + small) * (1 + small));
        var lesson = teaches != 0 && t >= 0 && t < 1 ? f[6] * Certainty(teacher, at) * (p - (teacher[at] > 0 ? 1f : 0f)) : 0f;
        gradient[at] = (t == 1 ? f[0] * (p - 1) + f[1] * p + f[4] * slope : 0f)
            + f[2] * p + (t < 0 ? f[3] * p : 0f) + (t == 0.5f ? f[7] * p : 0f) + 2 * f[5] * p * slope + lesson;
    }
}
