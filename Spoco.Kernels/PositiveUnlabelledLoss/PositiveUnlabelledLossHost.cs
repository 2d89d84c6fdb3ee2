using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The positive-unlabelled loss on the host: tiles of pixels, sums in double precision per worker.</summary>
internal static unsafe class PositiveUnlabelledLossHost
{
    public static void Sums(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> sums)
    {
        var partials = host.Allocate<double>(host.Workers.Workers * sums.Length, nameof(PositiveUnlabelledLoss));
        using var memory = partials.Memory;
        partials.Clear();
        host.Workers.Run(EmbeddingTile.CountOf(layout), new SumsBody(
            layout, logits.HostAddress, targets.HostAddress, partials.HostAddress, sums.Length));
        EmbeddingLossHost.AddParts(partials.HostAddress, host.Workers.Workers, sums);
    }

    public static void Gradient(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        host.Workers.Run(EmbeddingTile.CountOf(layout), new GradientBody(
            layout, logits.HostAddress, targets.HostAddress, factors.HostAddress, gradient.HostAddress));

    /// <summary>1 where a target is positive, and 1 where it is negative.</summary>
    private static (Vector<float> Positive, Vector<float> Background) Target(Vector<float> t) =>
        (Vector.ConditionalSelect(Vector.GreaterThan(t, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(Vector.LessThan(t, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero));

    private readonly struct SumsBody(EmbeddingLayout layout, float* logits, float* targets, double* partials, long length)
        : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var z = stackalloc float[PixelTile.Pixels];
            var t = stackalloc float[PixelTile.Pixels];
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                LogitTile.Load(tile, layout, logits, targets, z, t);
                Vector<float> accepted = default, refused = default, all = default, background = default, overlap = default, square = default;
                for (var i = 0; i < PixelTile.Pixels; i += Vector<float>.Count)
                {
                    var logit = PixelTile.Read(z + i);
                    var (positive, negative) = Target(PixelTile.Read(t + i));
                    var (p, small) = LogitTile.Sigmoid(logit);
                    var loss = Vector.MaxNative(logit, Vector<float>.Zero) + Vector.Log(Vector<float>.One + small);
                    accepted += positive * (loss - logit);
                    refused += positive * loss;
                    all += loss;
                    background += negative * loss;
                    overlap += positive * p;
                    square += p * p;
                }

                var sums = partials + worker * length + tile.Image * PositiveUnlabelledLoss.Scalars;
                sums[0] += Vector.Sum(accepted);
                sums[1] += Vector.Sum(refused);
                sums[2] += Vector.Sum(all);
                sums[3] += Vector.Sum(background);
                sums[4] += Vector.Sum(overlap);
                sums[5] += Vector.Sum(square);
            }
        }
    }

    private readonly struct GradientBody(EmbeddingLayout layout, float* logits, float* targets, float* f, float* gradient)
        : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var z = stackalloc float[PixelTile.Pixels];
            var t = stackalloc float[PixelTile.Pixels];
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                LogitTile.Load(tile, layout, logits, targets, z, t);
                for (var i = 0; i < PixelTile.Pixels; i += Vector<float>.Count)
                {
                    var (positive, negative) = Target(PixelTile.Read(t + i));
                    var (p, small) = LogitTile.Sigmoid(PixelTile.Read(z + i));
                    var slope = small / ((Vector<float>.One + small) * (Vector<float>.One + small));
                    (positive * (f[0] * (p - Vector<float>.One) + f[1] * p + f[4] * slope)
                        + f[2] * p + f[3] * negative * p + 2 * f[5] * p * slope).Store(z + i);
                }

                LogitTile.Store(tile, layout, z, gradient);
            }
        }
    }
}
