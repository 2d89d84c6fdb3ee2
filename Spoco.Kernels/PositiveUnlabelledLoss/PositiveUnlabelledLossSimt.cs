using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The positive-unlabelled loss on ILGPU devices: a thread takes every n-th pixel of its image, a group leaves its sums, and one group makes the value and the factors of them.</summary>
internal sealed class PositiveUnlabelledLossSimt : PositiveUnlabelledLossAlgorithm
{
    private const int MaximalBlocks = 64;

    private const int Scalars = PositiveUnlabelledLoss.Scalars;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, PositiveUnlabelledCoefficients coefficients,
        DeviceBuffer<float> values, DeviceBuffer<float> factors)
    {
        var gpu = logits.Device.Ilgpu;
        var group = GroupSum.Size(gpu);
        var blocks = Math.Min((layout.Pixels - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>((long)Scalars * layout.Images * blocks, nameof(PositiveUnlabelledLoss));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<
            EmbeddingLayout, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, ArrayView<float>>(SumsKernel))(
            (layout.Images * blocks, group), layout, blocks, logits.View, targets.View, (teacher.IsNull ? logits : teacher).View, teacher.IsNull ? 0 : 1, partials.View);
        gpu.Kernel(static d => d.LoadStreamKernel<int, PositiveUnlabelledCoefficients, ArrayView<float>, ArrayView<float>, ArrayView<float>>(CombineKernel))(
            (1, group), layout.Images * blocks, coefficients, partials.View, values.View, factors.View);
    }

    /// <inheritdoc/>
    public override void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient) =>
        logits.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, EmbeddingLayout, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, ArrayView<float>, ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(layout.Count, nameof(PositiveUnlabelledLoss)), layout, logits.View, targets.View, (teacher.IsNull ? logits : teacher).View, teacher.IsNull ? 0 : 1,
            factors.View, gradient.View);

    /// <summary>One group: the sums over all groups of pixels, the loss as a function of them, and its derivatives.</summary>
    private static void CombineKernel(int rows, PositiveUnlabelledCoefficients c, ArrayView<float> partials, ArrayView<float> values, ArrayView<float> factors)
    {
        var sums = SharedMemory.Allocate1D<float>(Scalars * GroupSum.MaximalSize);
        var s = SharedMemory.Allocate1D<float>(Scalars);
        for (var k = 0; k < Scalars; k++)
        {
            var sum = 0f;
            for (var row = Group.IdxX; row < rows; row += Group.DimX)
                sum += partials[(long)row * Scalars + k];
            sums[k * GroupSum.MaximalSize + Group.IdxX] = sum;
        }

        GroupSum.OfThreads(sums, Scalars, s);
        var overlap = c.Positive * s[4];
        var square = c.All * s[5] + c.Share;
        var hasPositives = c.Share > 0;
        var negative = c.All * s[2] - c.Positive * s[1];
        var trust = negative < 0 ? -c.Trust : c.Trust;
        var value = c.Background * s[3] + c.Agreement * s[6];
        if (hasPositives)
            value += c.Positive * s[0] + trust * negative + 1 - 2 * overlap / square + c.Outline * (s[0] + s[7]);
        for (var n = Group.IdxX; n < values.IntLength; n += Group.DimX)
            values[n] = value;
        if (Group.IdxX > 0)
            return;
        factors[0] = hasPositives ? c.Weight * (c.Positive + c.Outline) : 0f;
        factors[1] = hasPositives ? -c.Weight * trust * c.Positive : 0f;
        factors[2] = hasPositives ? c.Weight * trust * c.All : 0f;
        factors[3] = c.Weight * c.Background;
        factors[4] = hasPositives ? -2 * c.Weight * c.Positive / square : 0f;
        factors[5] = hasPositives ? 2 * c.Weight * overlap / (square * square) * c.All : 0f;
        factors[6] = c.Weight * c.Agreement;
        factors[7] = c.Weight * c.Outline;
    }

    /// <summary>How sure a teacher is of a pixel.</summary>
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

        var first = ((long)image * blocks + Grid.IdxX % blocks) * Scalars;
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
