using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The foreground loss on the host: tiles of pixels, sums in double precision beyond a tile.</summary>
internal sealed unsafe class ForegroundLossHost : ForegroundLossAlgorithm
{
    /// <summary>Sums per image: the weighted cross-entropy, pq, p^2.</summary>
    private const int Scalars = 3;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<int> objectPixels, float weight, DeviceBuffer<float> values,
        DeviceBuffer<float> factors)
    {
        var host = logits.Device.Host;
        var length = Scalars * layout.Images;
        using var memory = host.Workspace((long)PartSums.Parts * length * sizeof(double));
        var sums = PartSums.Cleared(memory, PartSums.Parts * length);
        PartSums.Run(host, EmbeddingTile.CountOf(layout), new SumsBody(layout, logits.HostAddress, targets.HostAddress, sums, length));
        PartSums.Add(sums, length);
        for (var n = 0; n < layout.Images; n++)
        {
            var (entropy, overlap, square) = (sums[3 * n], sums[3 * n + 1], Math.Max(sums[3 * n + 2] + objectPixels.HostAddress[n], ForegroundLoss.DiceFloor));
            values.HostAddress[n] = (float)(entropy / layout.Pixels + 1 - 2 * overlap / square);
            var ofImage = factors.HostAddress + ForegroundLoss.Factors * n;
            ofImage[0] = (float)(weight / ((double)layout.Pixels * layout.Images));
            ofImage[1] = (float)(-2 * weight / (square * layout.Images));
            ofImage[2] = (float)(4 * weight * overlap / (square * square * layout.Images));
        }
    }

    /// <inheritdoc/>
    public override void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        logits.Device.Host.Workers.Run(EmbeddingTile.CountOf(layout), new GradientBody(
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

                var sums = partials + part * length + tile.Image * Scalars;
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
                var f = factors + tile.Image * ForegroundLoss.Factors;
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
