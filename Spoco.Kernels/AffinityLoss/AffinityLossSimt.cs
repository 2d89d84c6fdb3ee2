using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The affinity loss on ILGPU devices.</summary>
internal static class AffinityLossSimt
{
    private const int MaximalBlocks = 32;

    public static void Sums(
        IlgpuDevice gpu, TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<int> owners, DeviceBuffer<PixelOffset> offsets,
        float reach, DeviceBuffer<float> sums)
    {
        var group = GroupSum.Size(gpu);
        var blocks = (int)Math.Min((shape.VoxelsPerImage - 1) / group + 1, MaximalBlocks);
        var partials = gpu.Allocate<float>(sums.Length * blocks, nameof(AffinityLoss));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<
            TensorShape, int, int, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>>(SumsKernel))(
            ((int)offsets.Length * blocks, group), shape, channels, blocks, embeddings.View, owners.View, offsets.View, reach, partials.View);
        GroupSum.AddBlocks(gpu, partials, blocks, AffinityLoss.Scalars, sums);
    }

    public static void AddGradient(
        IlgpuDevice gpu, TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<int> owners, DeviceBuffer<PixelOffset> offsets,
        float reach, DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, TensorShape, int, ArrayView<float>, ArrayView<int>, ArrayView<PixelOffset>, float, ArrayView<float>,
                ArrayView<float>>(GradientKernel))(
            IlgpuDevice.Extent(shape.Voxels, nameof(AffinityLoss)), shape, channels, embeddings.View, owners.View, offsets.View, reach,
            factors.View, gradient.View);

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

        GroupSum.Store(overlap, squares, different, partials, (long)Grid.IdxX * AffinityLoss.Scalars);
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
