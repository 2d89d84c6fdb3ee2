using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Tests.Losses;

/// <summary>
/// The gradient of the cross-entropy between the soft masks of f and of g, where the masks nearly agree and where they are nearly 1 or nearly 0:
/// there the digits are in 1 - p, not in p.
/// </summary>
public sealed class SoftCrossEntropyTests
{
    private static readonly SpocoLossOptions Consistency = new()
    {
        Supervision = Supervision.Sparse, PullWeight = 0, PushWeight = 0, RegulariserWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0,
        InstanceLoss = InstanceLoss.Bce, ReferenceCompatible = true,
    };

    /// <summary>Squared distances have 7 digits, and the gradient is as their difference: relative to it the error grows as f and g agree.</summary>
    /// <param name="name">The device.</param>
    /// <param name="depth">Slices.</param>
    /// <param name="spread">Deviation of the embeddings.</param>
    /// <param name="change">Deviation of those of g from those of f.</param>
    [Test]
    public void Gradient_is_exact_to_single_precision(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 3)] int depth,
        [Values(0.002, 0.02, 0.3, 1, 2.5)] double spread,
        [Values(1e-3, 0.1)] double change)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, depth, 7, 17, 4);
        var random = new Random(5);
        var f = Array.ConvertAll(GradientCheck.RandomValues(random, (int)shape.Count), v => (float)(v * spread));
        var noise = GradientCheck.RandomValues(random, f.Length);
        var g = f.Select((v, i) => (float)(v + change * spread * noise[i])).ToArray();
        int[] anchors = [3, 40, 77, 101];
        using var scope = new TensorScope();
        using var labels = LabelBatch.From(shape.WithChannels(1), new int[shape.Voxels]);
        var e = Tensor.From(device, shape, f).WithGradient();
        var loss = SpocoLoss.Apply(e, labels, Consistency, Tensor.From(device, shape, g), draws: new SpocoDraws { Anchors = [anchors] });
        Gradients.Backward(loss.Total);
        var actual = e.Gradient!.ToArray();
        var expected = Reference(shape, f, g, anchors);
        var scale = expected.Max(Math.Abs);
        var worst = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max() / scale;
        Assert.That(worst, Is.LessThan(2e-7 / change), $"largest error relative to the largest gradient, {scale:g3}");
    }

    /// <summary>Vectors take such small masks for 0, and their logarithm still pulls; as in PyTorch, less from p = 1e-12 on.</summary>
    [Test]
    public void Pixels_far_from_their_object_are_pulled(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(5, 20.9, 21.1, 24, 27.5, 28, 29)] double x)
    {
        var device = TestDevices.Open(name);
        var options = Consistency with { Supervision = Supervision.Full, ConsistencyWeight = 0, InstanceWeight = 1, ReferenceCompatible = false };
        var distance = Math.Sqrt(x / options.Falloff);
        var shape = new TensorShape(1, 1, 1, 2, 1);
        using var scope = new TensorScope();
        using var labels = LabelBatch.From(shape, [1, 1]);
        var e = Tensor.From(device, shape, [(float)distance, (float)-distance]).WithGradient();
        Gradients.Backward(SpocoLoss.Apply(e, labels, options).Total);
        var slope = Math.Min(1, Math.Exp(-x) / 1e-12);
        var expected = 2 * options.Falloff * slope * distance / 2;
        Assert.That(e.Gradient!.ToArray(), Is.EqualTo(new[] { expected, -expected }).Within(1e-4 * expected));
    }

    /// <summary>d/dx of -q log p - (1 - q) log(1 - p) is (q - p) / (1 - p), with p = exp(-x).</summary>
    private static double[] Reference(TensorShape shape, float[] f, float[] g, int[] anchors)
    {
        var (channels, pixels) = (shape.C, (int)shape.Voxels);
        var gradient = new double[f.Length];
        foreach (var a in anchors)
        {
            for (var p = 0; p < pixels; p++)
            {
                var (x, y) = (Exponent(f, a, p), Exponent(g, a, p));
                if (x == 0)
                    continue;
                var slope = (double.ExpM1(-y) - double.ExpM1(-x)) / -double.ExpM1(-x);
                for (var c = 0; c < channels; c++)
                {
                    var term = 2 * Consistency.Falloff * slope * ((double)f[p * channels + c] - f[a * channels + c]) / (anchors.Length * pixels);
                    gradient[p * channels + c] += term;
                    gradient[a * channels + c] -= term;
                }
            }
        }

        return gradient;

        double Exponent(float[] e, int a, int p) =>
            Consistency.Falloff * Enumerable.Range(0, channels).Sum(c => Math.Pow((double)e[p * channels + c] - e[a * channels + c], 2));
    }
}
