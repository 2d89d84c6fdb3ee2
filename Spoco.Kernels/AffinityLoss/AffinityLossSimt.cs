using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The affinity loss on ILGPU devices: groups sum over the pixels, and a group per image makes value and factors of the sums.</summary>
internal sealed class AffinityLossSimt : AffinityLossAlgorithm
{
    private const int MaximalBlocks = 32;

    /// <summary>Sums per image, offset and group: ab, a^2, b^2.</summary>
    private const int Scalars = 3;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(AffinityLossInputs inputs, float weight, DeviceBuffer<float> values, DeviceBuffer<float> factors)
    {
        var (gpu, shape) = (values.Device.Ilgpu, inputs.Shape);
        var group = GroupSum.Size(gpu);
        var blocks = (int)Math.Min((shape.VoxelsPerImage - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>(Scalars * inputs.Offsets.Length * blocks, nameof(AffinityLoss));
        using var memory = partials.Memory;
        var layout = EmbeddingLayout.Of(shape, inputs.Channels);
        var launch = OneBlock.Fit(inputs.Channels, inputs.Embeddings.View)
            ? gpu.Kernel(static d => d.LoadStreamKernel<
                TensorShape, EmbeddingLayout, int, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>>(SumsKernel<OneBlock>))
            : gpu.Kernel(static d => d.LoadStreamKernel<
                TensorShape, EmbeddingLayout, int, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>>(SumsKernel<AnyBlocks>));
        launch(
            ((int)inputs.Offsets.Length * blocks, group), shape, layout, blocks, inputs.Embeddings.View, inputs.Owners.View, inputs.Offsets.View, inputs.Reach,
            partials.View);
        gpu.Kernel(static d => d.LoadStreamKernel<int, int, float, ArrayView<float>, ArrayView<float>, ArrayView<float>>(CombineKernel))(
            (shape.N, group), inputs.OffsetsPerImage, blocks, weight / shape.N, partials.View, values.View, factors.View);
    }

    /// <inheritdoc/>
    public override void AddGradient(AffinityLossInputs inputs, DeviceBuffer<float> factors, DeviceBuffer<float> gradient)
    {
        var gpu = gradient.Device.Ilgpu;
        var launch = OneBlock.Fit(inputs.Channels, inputs.Embeddings.View, gradient.View)
            ? gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, TensorShape, EmbeddingLayout, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>, ArrayView<float>>(
                GradientKernel<OneBlock>))
            : gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, TensorShape, EmbeddingLayout, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>, ArrayView<float>>(
                GradientKernel<AnyBlocks>));
        launch(
            IlgpuDevice.Extent(inputs.Shape.Voxels, nameof(AffinityLoss)), inputs.Shape, EmbeddingLayout.Of(inputs.Shape, inputs.Channels), inputs.Embeddings.View,
            inputs.Owners.View, inputs.Offsets.View, inputs.Reach, factors.View, gradient.View);
    }

    /// <summary>One group per image; a thread has offsets of its own.</summary>
    private static void CombineKernel(int offsets, int blocks, float weight, ArrayView<float> partials, ArrayView<float> values, ArrayView<float> factors)
    {
        var sums = SharedMemory.Allocate1D<float>(GroupSum.MaximalSize);
        var total = SharedMemory.Allocate1D<float>(1);
        var value = 0f;
        var scale = weight / offsets;
        for (var k = Group.IdxX; k < offsets; k += Group.DimX)
        {
            var o = Grid.IdxX * offsets + k;
            var overlap = GroupSum.OfBlocks(partials, Scalars * o, blocks, Scalars);
            var sum = GroupSum.OfBlocks(partials, Scalars * o + 1, blocks, Scalars) + GroupSum.OfBlocks(partials, Scalars * o + 2, blocks, Scalars);
            var square = XMath.Max(sum, (float)AffinityLoss.DiceFloor);
            factors[2 * o] = -2 * scale / square;
            factors[2 * o + 1] = sum > (float)AffinityLoss.DiceFloor ? 4 * scale * overlap / (square * square) : 0f;
            value += (1 - 2 * overlap / square) / offsets;
        }

        sums[Group.IdxX] = value;
        GroupSum.OfThreads(sums, 1, total);
        if (Group.IdxX == 0)
            values[Grid.IdxX] = total[0];
    }

    /// <summary>A group takes every n-th pixel of one image and offset.</summary>
    private static void SumsKernel<TBlocks>(
        TensorShape shape, EmbeddingLayout layout, int blocks, ArrayView<float> embeddings, ArrayView<int> owners, ArrayView<PixelOffset> offsets, float reach,
        ArrayView<float> partials)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var row = Grid.IdxX / blocks;
        var n = row / (offsets.IntLength / shape.N);
        var offset = offsets[row];
        var overlap = 0f;
        var squares = 0f;
        var different = 0f;
        for (var p = Grid.IdxX % blocks * Group.DimX + Group.IdxX; p < layout.Pixels; p += blocks * Group.DimX)
        {
            var i = (long)n * layout.Pixels + p;
            var j = Index(shape, n, AffinityPair.Partner(p / shape.W / shape.H, offset.Z, shape.D),
                AffinityPair.Partner(p / shape.W % shape.H, offset.Y, shape.H), AffinityPair.Partner(p % shape.W, offset.X, shape.W));
            var e = default(TBlocks).Pixel(embeddings, i * shape.C, layout.Channels, layout.IsAligned);
            var a = EdgeWeight.Of(XMath.Sqrt(BlockDistance.ToPixel<TBlocks>(e, embeddings, i * shape.C, j * shape.C, layout.IsAligned, layout.Channels)), reach);
            var b = owners[i] == owners[j] ? 0f : 1f;
            overlap += a * b;
            squares += a * a;
            different += b;
        }

        GroupSum.Store(overlap, squares, different, partials, (long)Grid.IdxX * Scalars);
    }

    /// <summary>One thread per pixel collects what the pixel gets as first pixel of a pair, and as partner.</summary>
    private static void GradientKernel<TBlocks>(
        Index1D index, TensorShape shape, EmbeddingLayout layout, ArrayView<float> embeddings, ArrayView<int> owners, ArrayView<PixelOffset> offsets, float reach,
        ArrayView<float> factors, ArrayView<float> gradient)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var n = index.X / layout.Pixels;
        var p = index.X % layout.Pixels;
        var x = p % shape.W;
        var y = p / shape.W % shape.H;
        var z = p / shape.W / shape.H;
        var count = offsets.IntLength / shape.N;
        var at = (long)index.X * shape.C;
        var e = default(TBlocks).Pixel(embeddings, at, layout.Channels, layout.IsAligned);
        var sum = default(TBlocks).Pixel(gradient, at, layout.Channels, layout.IsAligned);
        for (var o = n * count; o < (n + 1) * count; o++)
        {
            var offset = offsets[o];
            var f = factors[2 * o];
            var g = factors[2 * o + 1];
            var partner = Index(shape, n, AffinityPair.Partner(z, offset.Z, shape.D), AffinityPair.Partner(y, offset.Y, shape.H),
                AffinityPair.Partner(x, offset.X, shape.W));
            sum = Plus<TBlocks>(layout, embeddings, owners, reach, f, g, e, sum, index.X, partner, gradient);
            for (var pz = AffinityPair.First(z, offset.Z, shape.D); pz <= AffinityPair.Last(z, offset.Z, shape.D); pz++)
            {
                for (var py = AffinityPair.First(y, offset.Y, shape.H); py <= AffinityPair.Last(y, offset.Y, shape.H); py++)
                {
                    for (var px = AffinityPair.First(x, offset.X, shape.W); px <= AffinityPair.Last(x, offset.X, shape.W); px++)
                        sum = Plus<TBlocks>(layout, embeddings, owners, reach, f, g, e, sum, index.X, Index(shape, n, pz, py, px), gradient);
                }
            }
        }

        default(TBlocks).Store(gradient, at, layout.Channels, layout.IsAligned, sum);
    }

    /// <summary>Adds a pair to the first block of the gradient, which is returned, and to the components behind it, in memory.</summary>
    private static EmbeddingBlock Plus<TBlocks>(
        EmbeddingLayout layout, ArrayView<float> embeddings, ArrayView<int> owners, float reach, float f, float g, EmbeddingBlock e, EmbeddingBlock sum, long i, long j,
        ArrayView<float> gradient)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var blocks = default(TBlocks);
        var a = i * layout.PixelStride;
        var b = j * layout.PixelStride;
        var first = e.Minus(blocks.Pixel(embeddings, b, layout.Channels, layout.IsAligned));
        var distance = XMath.Sqrt(first.Square + BlockDistance.ToPixelBehind<TBlocks>(embeddings, a, b, layout.IsAligned, layout.Channels));
        var weight = AffinityPair.Weight(distance, reach, owners[i] == owners[j] ? 0f : 1f, f, g);
        for (var c = EmbeddingBlock.Length; c < blocks.End(layout.Channels); c += EmbeddingBlock.Length)
        {
            var count = layout.Channels - c;
            var difference = blocks.Pixel(embeddings, a + c, count, layout.IsAligned).Minus(blocks.Pixel(embeddings, b + c, count, layout.IsAligned));
            blocks.Store(gradient, a + c, count, layout.IsAligned, blocks.Pixel(gradient, a + c, count, layout.IsAligned).Plus(weight, difference));
        }

        return sum.Plus(weight, first);
    }

    private static long Index(TensorShape shape, int n, int z, int y, int x) => (((long)n * shape.D + z) * shape.H + y) * shape.W + x;
}
