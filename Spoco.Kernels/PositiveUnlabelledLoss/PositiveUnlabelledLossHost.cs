using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The positive-unlabelled loss on the host: tiles of pixels, sums in double precision beyond a tile.</summary>
internal static unsafe class PositiveUnlabelledLossHost
{
    public static void Sums(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> teacher, DeviceBuffer<float> sums)
    {
        var partials = host.Allocate<double>(PartSums.Parts * sums.Length, nameof(PositiveUnlabelledLoss));
        using var memory = partials.Memory;
        partials.Clear();
        PartSums.Run(host, EmbeddingTile.CountOf(layout), new SumsBody(
            layout, logits.HostAddress, targets.HostAddress, Address(teacher), partials.HostAddress, sums.Length));
        PartSums.Add(partials.HostAddress, sums);
    }

    public static void Gradient(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets,
        DeviceBuffer<float> teacher, DeviceBuffer<float> factors, DeviceBuffer<float> gradient) =>
        host.Workers.Run(EmbeddingTile.CountOf(layout), new GradientBody(
            layout, logits.HostAddress, targets.HostAddress, Address(teacher), factors.HostAddress, gradient.HostAddress));

    /// <summary>1 in objects, 1 on labelled background, and 1 beside objects.</summary>
    private static (Vector<float> Positive, Vector<float> Background, Vector<float> Beside) Target(Vector<float> t) =>
        (Vector.ConditionalSelect(Vector.Equals(t, Vector<float>.One), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(Vector.LessThan(t, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(Vector.Equals(t, new Vector<float>(0.5f)), Vector<float>.One, Vector<float>.Zero));

    private static float* Address(DeviceBuffer<float> teacher) => teacher.IsNull ? null : teacher.HostAddress;

    /// <summary>1 where a teacher's logit says foreground, and how sure it is; 0 where the pixel is labelled.</summary>
    private static (Vector<float> Taught, Vector<float> Weight) Teaching(Vector<float> z, Vector<float> t)
    {
        var (p, _) = LogitTile.Sigmoid(z);
        var certainty = 2 * p - Vector<float>.One;
        return (Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero),
            Vector.ConditionalSelect(
                Vector.GreaterThanOrEqual(t, Vector<float>.Zero) & Vector.LessThan(t, Vector<float>.One), certainty * certainty, Vector<float>.Zero));
    }

    private readonly struct SumsBody(EmbeddingLayout layout, float* logits, float* targets, float* teacher, double* partials, long length)
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
                LogitTile.Load(tile, layout, logits, targets, z, t);
                if (teacher is not null)
                    LogitTile.Load(tile, layout, teacher, targets, g, t);
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

                var sums = partials + part * length + tile.Image * PositiveUnlabelledLoss.Scalars;
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
                LogitTile.Load(tile, layout, logits, targets, z, t);
                if (teacher is not null)
                    LogitTile.Load(tile, layout, teacher, targets, g, t);
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
