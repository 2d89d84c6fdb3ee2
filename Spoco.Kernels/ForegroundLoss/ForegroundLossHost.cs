using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The foreground loss on the host: tiles of pixels, sums in double precision beyond a tile.</summary>
internal static unsafe class ForegroundLossHost
{
    public static void Sums(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> sums)
    {
        var partials = host.Allocate<double>(PartSums.Parts * sums.Length, nameof(ForegroundLoss));
        using var memory = partials.Memory;
        partials.Clear();
        PartSums.Run(host, EmbeddingTile.CountOf(layout), new SumsBody(
            layout, logits.HostAddress, targets.HostAddress, partials.HostAddress, sums.Length));
        PartSums.Add(partials.HostAddress, sums);
    }

    public static void Gradient(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        host.Workers.Run(EmbeddingTile.CountOf(layout), new GradientBody(
            layout, logits.HostAddress, targets.HostAddress, factors.HostAddress, gradient.HostAddress));

    /// <summary>q and w of a target.</summary>
    private static (Vector<float> Q, Vector<float> Weight) Target(Vector<float> t) =>
        (Vector.ConditionalSelect(Vector.GreaterThan(t, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero), Vector.Abs(t));

    private readonly struct SumsBody(EmbeddingLayout layout, float* logits, float* targets, double* partials, long length)
        : IPartBody
    {
        public void Execute(int from, int until, int part, int worker)
        {
            var z = stackalloc float[PixelTile.Pixels];
            var t = stackalloc float[PixelTile.Pixels];
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                LogitTile.Load(tile, layout, logits, targets, z, t);
                Vector<float> entropy = default, overlap = default, square = default;
                for (var i = 0; i < PixelTile.Pixels; i += Vector<float>.Count)
                {
                    var logit = PixelTile.Read(z + i);
                    var (mask, weight) = Target(PixelTile.Read(t + i));
                    var (p, small) = LogitTile.Sigmoid(logit);
                    entropy += weight * (Vector.MaxNative(logit, Vector<float>.Zero) - mask * logit + Vector.Log(Vector<float>.One + small));
                    overlap += p * mask;
                    square += p * p;
                }

                var sums = partials + part * length + tile.Image * ForegroundLoss.Scalars;
                sums[0] += Vector.Sum(entropy);
                sums[1] += Vector.Sum(overlap);
                sums[2] += Vector.Sum(square);
            }
        }
    }

    private readonly struct GradientBody(EmbeddingLayout layout, float* logits, float* targets, float* factors, float* gradient)
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
                var f = factors + tile.Image * ForegroundLoss.Scalars;
                for (var i = 0; i < PixelTile.Pixels; i += Vector<float>.Count)
                {
                    var (mask, weight) = Target(PixelTile.Read(t + i));
                    var (p, small) = LogitTile.Sigmoid(PixelTile.Read(z + i));
                    var slope = small / ((Vector<float>.One + small) * (Vector<float>.One + small));
                    (f[0] * weight * (p - mask) + (f[1] * mask + f[2] * p) * slope).Store(z + i);
                }

                LogitTile.Store(tile, layout, z, gradient);
            }
        }
    }
}
