using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Tests.Losses;

/// <summary>The SPOCO loss in double precision, written line by line from the formulas, without any thought of speed.</summary>
internal sealed class SpocoReference(TensorShape shape, int[] labels, SpocoLossOptions options, double[]? momentum, int[][]? anchors,
    PixelOffset[][]? offsets)
{
    private readonly int _pixels = (int)shape.VoxelsPerImage;
    private readonly int _channels = shape.C - (options.ForegroundChannel ? 1 : 0);

    private HashSet<int>? _beside;

    public double Total(double[] e)
    {
        var sum = 0.0;
        for (var n = 0; n < shape.N; n++)
        {
            var t = Terms(e, n);
            sum += options.PullWeight * t.Pull + options.PushWeight * t.Push + options.RegulariserWeight * t.Regulariser
                + options.InstanceWeight * t.Instance + options.UnlabelledPushWeight * t.UnlabelledPush + options.ConsistencyWeight * t.Consistency
                + (options.ForegroundChannel ? options.ForegroundWeight * t.Foreground : 0);
        }

        return sum / shape.N;
    }

    public SpocoTerms Terms(double[] e, int n)
    {
        var all = Enumerable.Range(0, _pixels).ToArray();
        var image = labels.Skip(n * _pixels).Take(_pixels).Select(l => Math.Max(l, 0)).ToArray();
        double[] Pixel(double[] from, int i) => from.AsSpan((n * _pixels + i) * shape.C, _channels).ToArray();
        var clusters = image.Distinct().Order().ToDictionary(l => l, l => all.Where(i => image[i] == l).ToArray());
        var means = clusters.ToDictionary(c => c.Key, c =>
            Enumerable.Range(0, _channels).Select(k => c.Value.Average(i => Pixel(e, i)[k])).ToArray());
        var pulled = clusters.Keys.Where(l => l != 0 || options.Supervision == Supervision.Full).ToArray();
        var instances = clusters.Keys.Where(l => l != 0 || options.BackgroundIsInstance).ToArray();
        var unlabelled = all.Where(i => image[i] == 0).ToArray();
        var falloff = -Math.Log(options.KernelThreshold) / ((double)options.PullMargin * options.PullMargin);
        double Soft(double[] a, double[] b) => Math.Exp(-falloff * Square(Distance(a, b)));

        var pull = pulled.Length == 0 ? 0
            : pulled.Average(k => clusters[k].Average(i => Square(Math.Max(Distance(means[k], Pixel(e, i)) - options.PullMargin, 0))));
        var push = pulled.Length < 2 ? 0
            : pulled.SelectMany(k => pulled.Where(l => l != k).Select(l =>
                Square(Math.Max(2.0 * options.PushMargin - Distance(means[k], means[l]), 0)))).Average();
        var regulariser = means.Values.Average(m => Distance(m, new double[_channels]));
        var instance = instances.Length == 0 ? 0 : options.InstanceLoss switch
        {
            InstanceLoss.Dice => instances.Average(k =>
                Dice(all.Select(i => Soft(means[k], Pixel(e, i))).ToArray(), all.Select(i => image[i] == k ? 1.0 : 0).ToArray())),
            InstanceLoss.Bce => instances.Average(k => all.Average(i =>
                CrossEntropy(falloff * Square(Distance(means[k], Pixel(e, i))), image[i] == k))),
            _ => 0,
        };
        if (options.InstanceLoss == InstanceLoss.Affinity)
            instance = offsets![n].Average(o => AffinityDice(i => Pixel(e, i), image, o));
        var unlabelledPush = options.Supervision == Supervision.Full || pulled.Length == 0 || unlabelled.Length == 0 ? 0
            : pulled.Average(k => unlabelled.Average(i => Square(Math.Max(options.PushMargin - Distance(means[k], Pixel(e, i)), 0))));
        var consistency = momentum is null || anchors![n].Length == 0 ? 0 : anchors[n].Average(a => Dice(
            all.Select(i => Soft(Pixel(e, a), Pixel(e, i))).ToArray(), all.Select(i => Soft(Pixel(momentum, a), Pixel(momentum, i))).ToArray()));
        return new SpocoTerms(pull, push, regulariser, instance, unlabelledPush, consistency,
            !options.ForegroundChannel ? 0 : options.Supervision == Supervision.Full ? Foreground(e, n, image) : PartialForeground(e));
    }

    /// <summary>The positive-unlabelled loss of the whole batch.</summary>
    private double PartialForeground(double[] e)
    {
        var z = labels.Select((_, i) => e[i * shape.C + _channels]).ToArray();
        double[] p = [.. z.Select(v => 1 / (1 + Math.Exp(-v)))], accepted = [.. p.Select(v => -Math.Log(v))], refused = [.. p.Select(v => -Math.Log(1 - v))];
        int[] positives = [.. Enumerable.Range(0, z.Length).Where(i => labels[i] > 0)], background = [.. Enumerable.Range(0, z.Length).Where(i => labels[i] < 0)];
        var refusal = background.Length == 0 ? 0 : (1 - options.ForegroundShare) * background.Average(i => refused[i]);
        var taught = momentum is null ? 0 : Enumerable.Range(0, z.Length).Where(i => labels[i] == 0).Sum(i =>
        {
            var teacher = momentum[i * shape.C + _channels];
            return Square(2 / (1 + Math.Exp(-teacher)) - 1) * (teacher > 0 ? accepted[i] : refused[i]);
        });
        var agreement = options.ForegroundAgreement * taught / z.Length;
        if (positives.Length == 0)
            return agreement + refusal / 2;
        var beside = _beside ??= Beside(labels, _pixels, Steps);
        var outline = (positives.Sum(i => accepted[i]) + beside.Sum(i => refused[i])) / (positives.Length + beside.Count);
        var share = Math.Max(options.ForegroundShare, positives.Length / (double)z.Length);
        var negative = Math.Abs(refused.Average() - share * positives.Average(i => refused[i]));
        return agreement + options.ForegroundOutline * outline + share * positives.Average(i => accepted[i]) + (background.Length == 0 ? negative : (negative + refusal) / 2)
            + 1 - 2 * share * positives.Average(i => p[i]) / (p.Average(Square) + share);
    }

    /// <summary>Pixels without a label that three steps between such pixels or less part from an object.</summary>
    private static HashSet<int> Beside(int[] labels, int pixels, Func<int, int, int> steps)
    {
        var beside = new HashSet<int>();
        for (var step = 0; step < 3; step++)
        {
            beside.UnionWith(Enumerable.Range(0, labels.Length).Where(i => labels[i] == 0 && Enumerable.Range(0, labels.Length).Any(j =>
                i / pixels == j / pixels && (labels[j] > 0 || beside.Contains(j)) && steps(i % pixels, j % pixels) == 1)).ToArray());
        }

        return beside;
    }

    private int Steps(int i, int j) => Math.Abs(i % shape.W - j % shape.W) + Math.Abs(i / shape.W % shape.H - j / shape.W % shape.H)
        + Math.Abs(i / shape.W / shape.H - j / shape.W / shape.H);

    private double Foreground(double[] e, int n, int[] image)
    {
        var z = Enumerable.Range(0, _pixels).Select(i => e[(n * _pixels + i) * shape.C + _channels]).ToArray();
        var q = image.Select(l => l != 0 ? 1.0 : 0).ToArray();
        var weights = ForegroundWeights(image);
        var entropy = Enumerable.Range(0, _pixels).Average(i => weights[i] * (Math.Max(z[i], 0) - q[i] * z[i] + Math.Log(1 + Math.Exp(-Math.Abs(z[i])))));
        return entropy + Dice(z.Select(logit => 1 / (1 + Math.Exp(-logit))).ToArray(), q);
    }

    /// <summary>
    /// Of the objects smaller than the mean within 4 steps, the nearest one's mean size over size; among equally near ones the one whose ring meets the
    /// pixel first: the one with the smallest label on the way there.
    /// </summary>
    private double[] ForegroundWeights(int[] image)
    {
        var sizes = image.Where(l => l != 0).GroupBy(l => l).ToDictionary(g => g.Key, g => g.Count());
        var mean = sizes.Count == 0 ? 1 : sizes.Values.Average();
        var weights = image.Select(l => l == 0 ? 1 : Math.Clamp(mean / sizes[l], 1, options.ForegroundBalance)).ToArray();
        int[] ring = [.. Enumerable.Range(0, _pixels).Where(i => weights[i] > 1).OrderBy(i => image[i]).ThenBy(i => i)];
        for (var step = 0; step < 4; step++)
        {
            var next = new List<int>();
            foreach (var i in ring)
                foreach (var j in Enumerable.Range(0, _pixels).Where(j => image[j] == 0 && weights[j] == 1 && Steps(i, j) == 1))
                {
                    weights[j] = weights[i];
                    next.Add(j);
                }
            ring = [.. next];
        }

        return weights;
    }

    private double AffinityDice(Func<int, double[]> pixel, int[] image, PixelOffset offset)
    {
        var a = new double[_pixels];
        var b = new double[_pixels];
        for (var i = 0; i < _pixels; i++)
        {
            var x = Math.Clamp(i % shape.W + offset.X, 0, shape.W - 1);
            var y = Math.Clamp(i / shape.W % shape.H + offset.Y, 0, shape.H - 1);
            var z = Math.Clamp(i / shape.W / shape.H + offset.Z, 0, shape.D - 1);
            var j = (z * shape.H + y) * shape.W + x;
            var reach = 2.0 * options.PushMargin;
            a[i] = 1 - Square(Math.Max(reach - Distance(pixel(i), pixel(j)), 0) / reach);
            b[i] = image[i] == image[j] ? 0 : 1;
        }

        return Dice(a, b);
    }

    private static double CrossEntropy(double x, bool inside) => inside ? Math.Min(x, 100) : Math.Min(-Math.Log(-double.ExpM1(-x)), 100);

    private static double Dice(double[] p, double[] q) =>
        1 - 2 * p.Zip(q, (a, b) => a * b).Sum() / Math.Max(p.Sum(Square) + q.Sum(Square), 1e-6);

    private static double Square(double x) => x * x;

    private static double Distance(double[] a, double[] b) => Math.Sqrt(a.Zip(b, (x, y) => Square(x - y)).Sum());
}
