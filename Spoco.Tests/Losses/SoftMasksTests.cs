using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Tests.Losses;

public sealed class SoftMasksTests
{
    private static readonly SpocoLossOptions Options = new() { KernelThreshold = 0.7f };

    public static IEnumerable<TestCaseData> Cases
    {
        get
        {
            yield return new TestCaseData(new TensorShape(1, 1, 1, 1, 1), new[] { 0 }).SetArgDisplayNames("one pixel");
            yield return new TestCaseData(new TensorShape(2, 1, 5, 7, 4), new[] { 1, 2, 3, 5 }).SetArgDisplayNames("2D");
            yield return new TestCaseData(new TensorShape(2, 3, 5, 7, 3), new[] { 2, 2, 2, 6 }).SetArgDisplayNames("3D, one twice");
            yield return new TestCaseData(new TensorShape(3, 1, 3, 5, 5), new[] { 9 }).SetArgDisplayNames("images without a mask");
            yield return new TestCaseData(new TensorShape(2, 1, 17, 19, 17), new[] { 0, 1, 2, 3, 4, 5, 6, 7 }).SetArgDisplayNames("several tiles");
            yield return new TestCaseData(new TensorShape(1, 1, 7, 19, 16), Enumerable.Range(0, 40).Select(i => i / 10).ToArray())
                .SetArgDisplayNames("many masks");
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Equal_reference_on_cpu(TensorShape shape, int[] clusters) => EqualReference("cpu", shape, clusters);

    [TestCaseSource(nameof(Cases))]
    public void Equal_reference_on_OpenCL(TensorShape shape, int[] clusters) => EqualReference("opencl:0", shape, clusters);

    [TestCaseSource(nameof(Cases))]
    public void Equal_reference_on_CUDA(TensorShape shape, int[] clusters) => EqualReference("cuda:0", shape, clusters);

    [Test]
    public void Equal_reference_on_simulator() => EqualReference("ilgpu-cpu", new TensorShape(2, 1, 3, 7, 19), [1, 4, 4]);

    /// <summary>The last channel is a foreground logit: no part of e, and without gradient.</summary>
    [Test]
    public void A_foreground_channel_is_left_out([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var random = new Random(3);
        TensorShape shape = new(2, 1, 3, 5, 3), wide = shape.WithChannels(4);
        var e = GradientCheck.RandomValues(random, shape.Count);
        var (labels, clusters) = (Labels(shape), new[] { 1, 2, 5 });
        var weights = GradientCheck.RandomValues(random, clusters.Length * shape.VoxelsPerImage);
        var (masks, gradient) = Run(shape, e, Options);
        var widened = new float[wide.Count];
        for (var i = 0; i < widened.Length; i++)
            widened[i] = i % 4 == 3 ? 7 : e[i / 4 * 3 + i % 4];
        var (same, wideGradient) = Run(wide, widened, Options with { ForegroundChannel = true });
        Assert.That(same, Is.EqualTo(masks));
        for (var i = 0; i < widened.Length; i++)
            Assert.That(wideGradient[i], Is.EqualTo(i % 4 == 3 ? 0 : gradient[i / 4 * 3 + i % 4]).Within(1e-6));

        (float[] Masks, float[] Gradient) Run(TensorShape of, float[] values, SpocoLossOptions options)
        {
            using var scope = new TensorScope();
            using var batch = LabelBatch.From(of.WithChannels(1), labels);
            var x = Tensor.From(device, of, values).WithGradient();
            var y = SoftMasks.Apply(x, batch, clusters, options);
            Gradients.Backward(y, Tensor.From(device, y.Shape, weights));
            return (y.ToArray(), x.Gradient!.ToArray());
        }
    }

    /// <summary>What a critic thinks of soft masks, differentiated through critic, masks and means.</summary>
    [Test]
    public void The_judgement_of_a_critic_can_be_differentiated(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(2, 3)] int dimensions)
    {
        const int seed = 8;
        var device = TestDevices.Open(name);
        var random = new Random(seed);
        var shape = dimensions == 2 ? new TensorShape(2, 1, 5, 7, 3) : new TensorShape(1, 5, 4, 6, 3);
        using var critic = new Critic(device, new CriticOptions { Dimensions = dimensions, Patch = shape with { N = 1, C = 1 }, FeatureMaps = [3] });
        critic.Parameters.Initialise(seed);
        using var batch = LabelBatch.From(shape.WithChannels(1), Labels(shape));
        GradientCheck.Run(device, t => Elementwise.Scale(WassersteinLoss.Generator(critic, SoftMasks.Apply(t[0], batch, [1, 2], Options)), 100),
            [(shape, GradientCheck.RandomValues(random, shape.Count))], seed, step: 2e-3f, tolerance: 4e-2, samples: name == "ilgpu-cpu" ? 4 : 20);
        Assert.That(critic.Parameters.Gradients.ToArray(), Has.All.Zero);
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        using var scope = new TensorScope();
        var shape = new TensorShape(1, 1, 2, 3, 2);
        using var batch = LabelBatch.From(shape.WithChannels(1), [0, 1, 1, 2, 2, 2]);
        var e = Tensor.Zeros(TestDevices.Open("cpu"), shape);
        Assert.That(() => SoftMasks.Apply(e, batch, [], Options), Throws.ArgumentException);
        Assert.That(() => SoftMasks.Apply(e, batch, [3], Options), Throws.ArgumentException.With.Message.Contains("0 .. 2"));
        Assert.That(() => SoftMasks.Apply(e, batch, [2, 1], Options), Throws.ArgumentException.With.Message.Contains("2, 1"));
        Assert.That(() => SoftMasks.Apply(Tensor.Zeros(e.Device, shape with { W = 4 }), batch, [1], Options), Throws.ArgumentException);
    }

    /// <summary>Masks, and the gradient of a weighted sum of them against difference quotients, both in double precision.</summary>
    private static void EqualReference(string name, TensorShape shape, int[] clusters)
    {
        const int seed = 5;
        const double step = 1e-5;
        var device = TestDevices.Open(name);
        var random = new Random(seed);
        var labels = Labels(shape);
        var e = GradientCheck.RandomValues(random, shape.Count);
        var pixels = (int)shape.VoxelsPerImage;
        var weights = GradientCheck.RandomValues(random, clusters.Length * pixels);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var x = Tensor.From(device, shape, e).WithGradient();
        var masks = SoftMasks.Apply(x, batch, clusters, Options);
        Assert.That(masks.Shape, Is.EqualTo(shape with { N = clusters.Length, C = 1 }));
        Gradients.Backward(masks, Tensor.From(device, masks.Shape, weights));
        var wide = Array.ConvertAll(e, v => (double)v);
        var expected = Reference();
        var actual = masks.ToArray();
        for (var i = 0; i < actual.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(2e-6), $"mask element {i}, seed {seed}");
        var gradient = x.Gradient!.ToArray();
        var scale = gradient.Max(Math.Abs) + 1e-6;
        for (var sample = 0; sample < 60; sample++)
        {
            var i = random.Next(e.Length);
            wide[i] += step;
            var above = Loss();
            wide[i] -= 2 * step;
            var below = Loss();
            wide[i] += step;
            Assert.That(gradient[i], Is.EqualTo((above - below) / (2 * step)).Within(2e-5 * scale), $"gradient {i}, seed {seed}");
        }

        double Loss() => Reference().Zip(weights, (m, w) => m * w).Sum();

        double[] Reference()
        {
            var falloff = -Math.Log(Options.KernelThreshold) / ((double)Options.PullMargin * Options.PullMargin);
            var result = new double[clusters.Length * pixels];
            for (var k = 0; k < clusters.Length; k++)
            {
                var own = batch.Pixels(clusters[k]).ToArray();
                var mean = Enumerable.Range(0, shape.C).Select(c => own.Average(p => wide[p * shape.C + c])).ToArray();
                var first = own[0] / pixels * pixels;
                for (var p = 0; p < pixels; p++)
                    result[k * pixels + p] = Math.Exp(
                        -falloff * Enumerable.Range(0, shape.C).Sum(c => Math.Pow(wide[(first + p) * shape.C + c] - mean[c], 2)));
            }

            return result;
        }
    }

    /// <summary>Four labels in every image (fewer where it has fewer pixels), 0 among them.</summary>
    private static int[] Labels(TensorShape shape) =>
        [.. Enumerable.Range(0, (int)shape.Voxels).Select(i => (int)(i % shape.VoxelsPerImage) / 3 % 4)];
}
