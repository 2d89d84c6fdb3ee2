using System.Numerics;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Edge weights between the pixels of one image (SPOCO, appendix A.4, Eq. 4): w = 1 - max((2 delta_d - |e_i - e_j|) / (2 delta_d), 0)^2,
/// 0 = attractive (equal embeddings), 1 = repulsive (2 delta_d apart or more).
/// </summary>
public static class Affinity
{
    /// <summary>What stands where the partner lies outside the image: no weight is negative.</summary>
    public const float Outside = -1;

    /// <summary>weights[o, i] = w(i, i + offsets[o]), or <see cref="Outside"/>.</summary>
    /// <param name="shape">Extents of the image, [1, D, H, W, channels of a pixel].</param>
    /// <param name="embeddings">e: the first <paramref name="channels"/> channels of every pixel.</param>
    /// <param name="channels">E.</param>
    /// <param name="offsets">Steps to the partner.</param>
    /// <param name="pushMargin">delta_d.</param>
    /// <param name="weights">[offsets, D H W].</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or the margin is not above 0.</exception>
    public static unsafe void Weights(
        TensorShape shape, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float pushMargin,
        DeviceBuffer<float> weights)
    {
        if (!shape.IsValid || shape.N != 1 || channels < 1 || channels > shape.C || embeddings.Length != shape.Count
            || weights.Length != offsets.Length * shape.Voxels || !(pushMargin > 0))
            throw new ArgumentException($"Affinity: {embeddings.Length} values, {channels} channels, {offsets.Length} offsets, "
                + $"margin {pushMargin} and {weights.Length} weights do not fit an image {shape}.");
        if (weights.Length == 0)
            return;
        if (weights.Device is HostDevice host)
            host.Workers.Run(shape.D * shape.H, new RowBody(
                shape, embeddings.HostAddress, channels, offsets.HostAddress, (int)offsets.Length, 2 * pushMargin, weights.HostAddress));
        else
            ((IlgpuDevice)weights.Device).Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, TensorShape, ArrayView<float>, int, ArrayView<PixelOffset>, float, ArrayView<float>>(WeightKernel))(
                IlgpuDevice.Extent(weights.Length, nameof(Affinity)), shape, embeddings.View, channels, offsets.View, 2 * pushMargin, weights.View);
    }

    /// <summary>|a - b|^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe float SquaredDistance(float* a, float* b, int channels)
    {
        var c = 0;
        var sum = 0f;
        if (channels >= Vector<float>.Count)
        {
            var squares = Vector<float>.Zero;
            for (; c + Vector<float>.Count <= channels; c += Vector<float>.Count)
            {
                var difference = PixelTile.Read(a + c) - PixelTile.Read(b + c);
                squares = Vector.MultiplyAddEstimate(difference, difference, squares);
            }

            sum = Vector.Sum(squares);
        }

        for (; c < channels; c++)
            sum += (a[c] - b[c]) * (a[c] - b[c]);
        return sum;
    }

    /// <summary>One thread per weight.</summary>
    private static void WeightKernel(
        Index1D i, TensorShape shape, ArrayView<float> embeddings, int channels, ArrayView<PixelOffset> offsets, float reach,
        ArrayView<float> weights)
    {
        var pixels = shape.D * shape.H * shape.W;
        var pixel = i.X % pixels;
        var offset = offsets[i.X / pixels];
        var x = pixel % shape.W + offset.X;
        var y = pixel / shape.W % shape.H + offset.Y;
        var z = pixel / shape.W / shape.H + offset.Z;
        if (x < 0 || y < 0 || z < 0 || x >= shape.W || y >= shape.H || z >= shape.D)
        {
            weights[i] = Outside;
            return;
        }

        var a = (long)pixel * shape.C;
        var b = (((long)z * shape.H + y) * shape.W + x) * shape.C;
        var sum = 0f;
        for (var c = 0; c < channels; c++)
        {
            var difference = embeddings[a + c] - embeddings[b + c];
            sum += difference * difference;
        }

        var closeness = XMath.Max((reach - XMath.Sqrt(sum)) / reach, 0f);
        weights[i] = 1 - closeness * closeness;
    }

    /// <summary>A worker takes rows of the image, and for each all offsets: the row's embeddings stay in cache.</summary>
    private readonly unsafe struct RowBody(
        TensorShape shape, float* embeddings, int channels, PixelOffset* offsets, int count, float reach, float* weights) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                for (var o = 0; o < count; o++)
                    Row(row / shape.H, row % shape.H, offsets[o], weights + (o * (long)shape.D * shape.H + row) * shape.W);
            }
        }

        private void Row(int z, int y, PixelOffset offset, float* row)
        {
            var (pz, py) = ((long)z + offset.Z, (long)y + offset.Y);
            if (pz < 0 || pz >= shape.D || py < 0 || py >= shape.H || Math.Abs((long)offset.X) >= shape.W)
            {
                new Span<float>(row, shape.W).Fill(Outside);
                return;
            }

            var first = Math.Max(0, -offset.X);
            var last = shape.W - Math.Max(0, offset.X);
            new Span<float>(row, first).Fill(Outside);
            new Span<float>(row + last, shape.W - last).Fill(Outside);
            var a = embeddings + ((long)z * shape.H + y) * shape.W * shape.C;
            var b = embeddings + ((pz * shape.H + py) * shape.W + offset.X) * shape.C;
            for (var x = first; x < last; x++)
            {
                var distance = MathF.Sqrt(SquaredDistance(a + (long)x * shape.C, b + (long)x * shape.C, channels));
                var closeness = MathF.Max((reach - distance) / reach, 0);
                row[x] = 1 - closeness * closeness;
            }
        }
    }
}
