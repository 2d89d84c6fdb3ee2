using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The positive-unlabelled loss on the host: tiles of pixels, sums in double precision beyond a tile.</summary>
internal sealed unsafe class PositiveUnlabelledLossHost : PositiveUnlabelledLossAlgorithm
{
    private const int Scalars = PositiveUnlabelledLoss.Scalars;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, PositiveUnlabelledCoefficients coefficients,
        DeviceBuffer<float> values, DeviceBuffer<float> factors)
    {
        var host = logits.Device.Host;
        using var memory = host.Workspace(PartSums.Parts * Scalars * sizeof(double));
        var sums = PartSums.Cleared(memory, PartSums.Parts * Scalars);
        PartSums.Run(host, EmbeddingTile.CountOf(layout), new SumsBody(layout, logits.HostAddress, targets.HostAddress, teacher.HostAddress, sums));
        PartSums.Add(sums, Scalars);
        values.Span.Fill((float)Combine(sums, coefficients, factors.Span));
    }

    /// <inheritdoc/>
    public override void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient) =>
        logits.Device.Host.Workers.Run(EmbeddingTile.CountOf(layout), new GradientBody(
            layout, logits.HostAddress, targets.HostAddress, teacher.HostAddress, factors.HostAddress, gradient.HostAddress));

    /// <summary>The loss as a function of the sums s, and its derivatives.</summary>
    private static double Combine(double* s, PositiveUnlabelledCoefficients c, Span<float> factors)
    {
        double positive = c.Positive, all = c.All, weight = c.Weight;
        var negative = all * s[2] - positive * s[1];
        var trust = negative < 0 ? -c.Trust : c.Trust;
        var (overlap, square) = (positive * s[4], all * s[5] + c.Share);
        var hasPositives = c.Share > 0;
        factors.Clear();
        factors[3] = (float)(weight * c.Background);
        factors[6] = (float)(weight * c.Agreement);
        var value = c.Background * s[3] + c.Agreement * s[6];
        if (!hasPositives)
            return value;
        factors[0] = (float)(weight * (positive + c.Outline));
        factors[1] = (float)(-weight * trust * positive);
        factors[2] = (float)(weight * trust * all);
        factors[4] = (float)(-2 * weight * positive / square);
        factors[5] = (float)(2 * weight * overlap / (square * square) * all);
        factors[7] = (float)(weight * c.Outline);
        return value + positive * s[0] + trust * negative + 1 - 2 * overlap / square + c.Outline * (s[0] + s[7]);
    }

    /// <summary>1 in objects, 1 on labelled background, and 1 beside objects.</summary>
    private static (Vector<float> Positive, Vector<float> Background, Vector<float> Beside) Target(Vector<float> t) =>
        (Vector.ConditionalSelect(Vector.Equals(t, Vector<float>.One), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(Vector.LessThan(t, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(Vector.Equals(t, new Vector<float>(0.5f)), Vector<float>.One, Vector<float>.Zero));

    /// <summary>Gathers the logits of f and, where it teaches, of g, and the targets of a tile.</summary>
    private static void Load(EmbeddingTile tile, EmbeddingLayout layout, float* logits, float* targets, float* teacher, float* z, float* t, float* g)
    {
        LogitTile.Load(tile, layout, logits, targets, z, t);
        if (teacher is not null)
            LogitTile.Load(tile, layout, teacher, targets, g, t);
    }

    /// <summary>1 where a teacher's logit says foreground, and how sure it is; 0 where the pixel is labelled.</summary>
    private static (Vector<float> Taught, Vector<float> Weight) Teaching(Vector<float> z, Vector<float> t)
    {
        var (p, _) = LogitTile.Sigmoid(z);
        var certainty = 2 * p - Vector<float>.One;
        return (Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(
                Vector.GreaterThanOrEqual(t, Vector<float>.Zero) & Vector.LessThan(t, Vector<float>.One), certainty * certainty, Vector<float>.Zero));
    }

    private readonly struct SumsBody(EmbeddingLayout layout, float* logits, float* targets, float* teacher, double* partials)
        : IPartBody
    {
        public void Execute(int from, int until, int part, int worker)
        {
            var z = stackalloc float[PixelTile.Pixels];
            var t = stackalloc float[PixelTile.Pixels];
            var g = stackalloc float[PixelTile.Pixels];
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                Load(tile, layout, logits, targets, teacher, z, t, g);
                Vector<float> accepted = default, refused = default, all = default, background = default, overlap = default, square = default, taught = default, outside = default;
                for (var i = 0; i < PixelTile.Pixels; i += Vector<float>.Count)
                {
                    var logit = PixelTile.Read(z + i);
                    var (positive, negative, beside) = Target(PixelTile.Read(t + i));
                    var (p, small) = LogitTile.Sigmoid(logit);
                    var loss = Vector.MaxNative(logit, Vector<float>.Zero) + Vector.Log(Vector<float>.One + small);
                    accepted += positive * (loss - logit);
                    refused += positive * loss;
                    all += loss;
                    background += negative * loss;
                    outside += beside * loss;
                    overlap += positive * p;
                    square += p * p;
                    if (teacher is null)
                        continue;
                    var (foreground, weight) = Teaching(PixelTile.Read(g + i), PixelTile.Read(t + i));
                    taught += weight * (loss - foreground * logit);
                }

                var sums = partials + part * Scalars;
                sums[0] += Vector.Sum(accepted);
                sums[1] += Vector.Sum(refused);
                sums[2] += Vector.Sum(all);
                sums[3] += Vector.Sum(background);
                sums[4] += Vector.Sum(overlap);
                sums[5] += Vector.Sum(square);
                sums[6] += Vector.Sum(taught);
                sums[7] += Vector.Sum(outside);
            }
        }
    }

    private readonly struct GradientBody(EmbeddingLayout layout, float* logits, float* targets, float* teacher, float* f, float* gradient)
        : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var z = stackalloc float[PixelTile.Pixels];
            var t = stackalloc float[PixelTile.Pixels];
            var g = stackalloc float[PixelTile.Pixels];
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                Load(tile, layout, logits, targets, teacher, z, t, g);
                for (var i = 0; i < PixelTile.Pixels; i += Vector<float>.Count)
                {
                    var (positive, negative, beside) = Target(PixelTile.Read(t + i));
                    var (p, small) = LogitTile.Sigmoid(PixelTile.Read(z + i));
                    var slope = small / ((Vector<float>.One + small) * (Vector<float>.One + small));
                    var taught = Vector<float>.Zero;
                    if (teacher is not null)
                    {
                        var (foreground, weight) = Teaching(PixelTile.Read(g + i), PixelTile.Read(t + i));
                        taught = weight * (p - foreground);
                    }

                    (positive * (f[0] * (p - Vector<float>.One) + f[1] * p + f[4] * slope)
                        + f[2] * p + f[3] * negative * p + f[7] * beside * p + 2 * f[5] * p * slope + f[6] * taught).Store(z + i);
                }

                LogitTile.Store(tile, layout, z, gradient);
            }
        }
    }
}
