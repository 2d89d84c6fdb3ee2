using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Tests.Losses;

/// <summary>Terms of the user's beside those of SPOCO.</summary>
public sealed class FurtherTermTests
{
    private static readonly TensorShape Shape = new(2, 1, 4, 5, 3);
    private static readonly int[] Numbers = [.. Enumerable.Range(0, (int)Shape.Voxels).Select(i => i / 4 % 3)];

    [Test]
    public void A_further_term_is_added_and_reported([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using var scope = new TensorScope();
        using var labels = LabelBatch.From(Shape.WithChannels(1), Numbers);
        var values = GradientCheck.RandomValues(new Random(1), Shape.Count);
        var (alone, both) = (Tensor.From(device, Shape, values).WithGradient(), Tensor.From(device, Shape, values).WithGradient());
        var without = SpocoLoss.Apply(alone, labels);
        var with = SpocoLoss.Apply(both, labels, further: [new SquaredNorm(0.3f), new Silent(), new SquaredNorm(-0.1f)]);
        Gradients.Backward(without.Total);
        Gradients.Backward(with.Total);

        var norm = values.Sum(v => (double)v * v) / Shape.Voxels;
        Assert.That(with.Further.Select(t => t.Name), Is.EqualTo(new[] { "norm", "silent", "norm" }));
        Assert.That(with.Further.Select(t => t.Value), Is.EqualTo(new[] { norm, 0, norm }).Within(1e-6));
        Assert.That(with.Value, Is.EqualTo(without.Value + 0.2 * norm).Within(1e-6));
        Assert.That(with.Total.ToScalar(), Is.EqualTo(with.Value).Within(1e-6));
        Assert.That(with.Mean, Is.EqualTo(without.Mean));
        var expected = alone.Gradient!.ToArray().Zip(values, (g, v) => g + 0.4f * v / Shape.Voxels);
        Assert.That(both.Gradient!.ToArray(), Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void A_term_that_is_no_scalar_or_has_no_weight_is_refused()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        using var labels = LabelBatch.From(Shape.WithChannels(1), Numbers);
        var e = Tensor.Filled(device, Shape, 1);
        Assert.That(() => SpocoLoss.Apply(e, labels, further: [new Everything()]), Throws.ArgumentException.With.Message.Contains("the term everything must be a scalar on cpu"));
        Assert.That(() => SpocoLoss.Apply(e, labels, further: [new SquaredNorm(float.NaN)]), Throws.ArgumentException.With.Message.Contains("the weight of norm must be finite"));
    }

    /// <summary>Mean of |e|^2.</summary>
    internal sealed class SquaredNorm(float weight) : ILossTerm
    {
        public string Name => "norm";

        public float Weight => weight;

        public Tensor Apply(Tensor output, LabelBatch labels) => Reduction.Mean(AxisSum.OverChannels(Elementwise.Multiply(output, output)));
    }

    private sealed class Silent : ILossTerm
    {
        public string Name => "silent";

        public float Weight => 1;

        public Tensor? Apply(Tensor output, LabelBatch labels) => null;
    }

    private sealed class Everything : ILossTerm
    {
        public string Name => "everything";

        public float Weight => 1;

        public Tensor Apply(Tensor output, LabelBatch labels) => output;
    }
}
