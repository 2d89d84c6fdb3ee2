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
        gpu.Kernel(static d => d.LoadStreamKernel<
            TensorShape, int, int, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>>(SumsKernel))(
            ((int)inputs.Offsets.Length * blocks, group), shape, inputs.Channels, blocks, inputs.Embeddings.View, inputs.Owners.View, inputs.Offsets.View, inputs.Reach,
            partials.View);
        gpu.Kernel(static d => d.LoadStreamKernel<int, int, float, ArrayView<float>, ArrayView<float>, ArrayView<float>>(CombineKernel))(
            (shape.N, group), inputs.OffsetsPerImage, blocks, weight / shape.N, partials.View, values.View, factors.View);
    }

    /// <inheritdoc/>
    public override void AddGradient(AffinityLossInputs inputs, DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        gradient.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, TensorShape, int, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>,
                ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(inputs.Shape.Voxels, nameof(AffinityLoss)), inputs.Shape, inputs.Channels, inputs.Embeddings.View, inputs.Owners.View, inputs.Offsets.View,
            inputs.Reach, factors.View, gradient.View);

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
    private static void SumsKernel(
        TensorShape shape, int channels, int blocks, ArrayView<float> embeddings, ArrayView<int> owners, ArrayView<PixelOffset> offsets, float reach,
        ArrayView<float> partials)
    {
        var row = Grid.IdxX / blocks;
        var n = row / (offsets.IntLength / shape.N);
        var offset = offsets[row];
        var pixels = shape.D * shape.H * shape.W;
        var overlap = 0f;
        var squares = 0f;
        var different = 0f;
        for (var p = Grid.IdxX % blocks * Group.DimX + Group.IdxX; p < pixels; p += blocks * Group.DimX)
        {
            var i = (long)n * pixels + p;
            var j = Index(shape, n, AffinityPair.Partner(p / shape.W / shape.H, offset.Z, shape.D),
                AffinityPair.Partner(p / shape.W % shape.H, offset.Y, shape.H), AffinityPair.Partner(p % shape.W, offset.X, shape.W));
            var a = EdgeWeight.Of(Distance(embeddings, i * shape.C, j * shape.C, channels), reach);
            var b = owners[i] == owners[j] ? 0f : 1f;
            overlap += a * b;
            squares += a * a;
            different += b;
        }

        GroupSum.Store(overlap, squares, different, partials, (long)Grid.IdxX * Scalars);
    }

    /// <summary>One thread per pixel collects what the pixel gets as first pixel of a pair, and as partner.</summary>
    private static void GradientKernel(
        Index1D index, TensorShape shape, int channels, ArrayView<float> embeddings, ArrayView<int> owners, ArrayView<PixelOffset> offsets,
        float reach,
        ArrayView<float> factors, ArrayView<float> gradient)
    {
        var pixels = shape.D * shape.H * shape.W;
        var n = index.X / pixels;
        var p = index.X % pixels;
        var x = p % shape.W;
        var y = p / shape.W % shape.H;
        var z = p / shape.W / shape.H;
        var count = offsets.IntLength / shape.N;
        for (var o = n * count; o < (n + 1) * count; o++)
        {
            var offset = offsets[o];
            var f = factors[2 * o];
            var g = factors[2 * o + 1];
            var partner = Index(shape, n, AffinityPair.Partner(z, offset.Z, shape.D), AffinityPair.Partner(y, offset.Y, shape.H),
                AffinityPair.Partner(x, offset.X, shape.W));
            Add(shape, channels, embeddings, owners, reach, f, g, index.X, partner, gradient);
            for (var pz = AffinityPair.First(z, offset.Z, shape.D); pz <= AffinityPair.Last(z, offset.Z, shape.D); pz++)
            {
                for (var py = AffinityPair.First(y, offset.Y, shape.H); py <= AffinityPair.Last(y, offset.Y, shape.H); py++)
                {
                    for (var px = AffinityPair.First(x, offset.X, shape.W); px <= AffinityPair.Last(x, offset.X, shape.W); px++)
                        Add(shape, channels, embeddings, owners, reach, f, g, index.X, Index(shape, n, pz, py, px), gradient);
                }
            }
        }
    }

    private static void Add(
        TensorShape shape, int channels, ArrayView<float> embeddings, ArrayView<int> owners, float reach, float f, float g, long i, long j,
        ArrayView<float> gradient)
    {
        var a = i * shape.C;
        var b = j * shape.C;
        var weight = AffinityPair.Weight(Distance(embeddings, a, b, channels), reach, owners[i] == owners[j] ? 0f : 1f, f, g);
        for (var c = 0; c < channels; c++)
            gradient[a + c] += weight * (embeddings[a + c] - embeddings[b + c]);
    }

    private static long Index(TensorShape shape, int n, int z, int y, int x) => (((long)n * shape.D + z) * shape.H + y) * shape.W + x;

    private static float Distance(ArrayView<float> embeddings, long a, long b, int channels) =>
        XMath.Sqrt(EmbeddingDistance.Squared(embeddings, a, b, channels));
}
