using Spoco.Engine.Checkpoints;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Losses;

public sealed class WassersteinLossTests
{
    public static IEnumerable<GoldenCase> GoldenCases => GoldenSet.Torch.Cases("wgan_gp_critic");

    /// <summary>Scores, penalty, both losses and every gradient as PyTorch computes them from the same parameters.</summary>
    [Test]
    public void Equals_reference_critic(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [ValueSource(nameof(GoldenCases))] GoldenCase golden)
    {
        var device = TestDevices.Open(name);
        using var critic = GoldenCritic(device, golden);
        using var scope = new TensorScope();
        var (real, fake) = (golden.Image(device, "real"), golden.Image(device, "fake"));
        AssertScores(golden, "score_real", critic.Forward(real));
        AssertScores(golden, "score_fake", critic.Forward(fake));

        var epsilon = golden.Float32("epsilon");
        var x = Mixed(real, fake, epsilon).WithGradient();
        var score = critic.Forward(x);
        AssertScores(golden, "score_interp", score);
        golden.AssertImage("grad_interp", Gradients.Of(Reduction.Sum(score), [x])[0]);

        var weight = golden.Params.GetProperty("lambda_").GetSingle();
        var (_, scores) = Evaluate(0);
        var (loss, all) = Evaluate(weight);
        Assert.That(loss.Penalty, Is.EqualTo(golden.Float64("gradient_penalty")[0]).Within(golden.Tolerance("gradient_penalty")));
        Assert.That(loss.Total(weight), Is.EqualTo(golden.Float64("critic_loss")[0]).Within(golden.Tolerance("critic_loss")));

        // The vectors hold the gradient of the weighted penalty under both names; that of the scores is checked by differences below.
        foreach (var prefix in (string[])["grad", "grad_gp_only"])
            AssertGradients(golden, prefix, critic, spec => [.. all[spec].Zip(scores[spec], (a, b) => a - b)]);

        var masks = fake.Detach().WithGradient();
        critic.Parameters.Gradients.Clear();
        var generator = WassersteinLoss.Generator(critic, masks);
        Assert.That(generator.ToScalar(), Is.EqualTo(golden.Float64("generator_loss")[0]).Within(golden.Tolerance("generator_loss")));
        Gradients.Backward(generator);
        golden.AssertImage("grad_generator_wrt_fake", masks.Gradient);
        Assert.That(critic.Parameters.Gradients.ToArray(), Has.All.Zero, "the generator's loss does not train the critic");

        (CriticLoss Loss, Dictionary<string, float[]> Gradients) Evaluate(float penaltyWeight)
        {
            critic.Parameters.Gradients.Clear();
            var result = WassersteinLoss.Critic(critic, real, fake, epsilon, penaltyWeight);
            return (result, critic.Parameters.Specs.ToDictionary(s => s.Name,
                s => CheckpointFormat.ToFile(s, critic.Parameters[s.Name].Gradient!.ToArray())));
        }
    }

    /// <summary>The gradient of the critic's loss, of which the penalty's part is the gradient of a gradient, against central differences.</summary>
    [Test]
    public void Gradient_equals_differences(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(2, 3)] int dimensions, [Values(1, 4)] int images)
    {
        const int seed = 11;
        var device = TestDevices.Open(name);
        var patch = dimensions == 3 ? new TensorShape(1, 5, 4, 6, 1) : new TensorShape(1, 1, 9, 7, 1);
        using var critic = new Critic(device, new CriticOptions { Dimensions = dimensions, Patch = patch, FeatureMaps = [3, 4] });
        critic.Parameters.Initialise(seed);
        using var scope = new TensorScope();
        var random = new Random(seed);
        var shape = patch with { N = images };
        var real = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count));
        var fake = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count));
        var epsilon = Enumerable.Range(0, images).Select(_ => random.NextSingle()).ToArray();

        WassersteinLoss.Critic(critic, real, fake, epsilon, 1);
        var gradients = critic.Parameters.Specs.ToDictionary(s => s.Name, s => critic.Parameters[s.Name].Gradient!.ToArray());
        foreach (var spec in critic.Parameters.Specs.Where(s => s.Kind == ParameterKind.ConvolutionWeight))
        {
            var parameter = critic.Parameters[spec.Name].Buffer;
            var values = parameter.ToArray();
            var smooth = 0;
            for (var sample = 0; sample < 16 && smooth < (name == "ilgpu-cpu" ? 2 : 16); sample++)
            {
                var i = random.Next(values.Length);
                var (difference, finer) = (Difference(i, 2e-3f), Difference(i, 1e-3f));

                // The loss jumps where an activation changes its slope or a maximum its place: no derivative to compare with there.
                if (Math.Abs(difference - finer) > 2e-3)
                    continue;
                smooth++;
                Assert.That(gradients[spec.Name][i], Is.EqualTo(finer).Within(4e-3), $"{spec.Name} {i}, seed {seed}");
            }

            Assert.That(smooth, Is.GreaterThanOrEqualTo(name == "ilgpu-cpu" ? 2 : 6), $"{spec.Name}: too few comparisons");

            double Difference(int i, float step) => (Loss(i, step) - Loss(i, -step)) / (2 * step);

            double Loss(int i, float change)
            {
                var changed = values.ToArray();
                changed[i] += change;
                parameter.CopyFrom(changed);
                var result = WassersteinLoss.Critic(critic, real, fake, epsilon, 1).Total(1);
                parameter.CopyFrom(values);
                return result;
            }
        }
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        var device = TestDevices.Open("cpu");
        Assert.That(() => new Critic(device, new CriticOptions { Patch = new TensorShape(1, 1, 8, 8, 1), FeatureMaps = [4, 4, 4, 4] }),
            Throws.ArgumentException.With.Message.EqualTo("Critic: 4 blocks halve [1,1,8,8,1] to nothing; use larger patches or fewer blocks."));
        using var critic = new Critic(device, new CriticOptions { Patch = new TensorShape(1, 1, 8, 8, 1), FeatureMaps = [4, 4] });
        using var scope = new TensorScope();
        var masks = Tensor.Zeros(device, new TensorShape(2, 1, 8, 8, 1));
        Assert.That(() => critic.Forward(Tensor.Zeros(device, new TensorShape(2, 1, 8, 9, 1))),
            Throws.ArgumentException.With.Message.EqualTo("Critic: masks are [2,1,8,8,1], got [2,1,8,9,1]."));
        Assert.That(() => WassersteinLoss.Critic(critic, masks, masks, [0.5f]), Throws.ArgumentException);
        Assert.That(() => WassersteinLoss.Critic(critic, masks, masks, [0.5f, 1.5f]), Throws.ArgumentException);
    }

    private static Critic GoldenCritic(ComputeDevice device, GoldenCase golden)
    {
        var patch = ChannelsLast.ImageShape(golden.Shape("real")) with { N = 1 };
        var critic = new Critic(device, new CriticOptions
        {
            Dimensions = golden.Shape("real").Length - 2,
            Patch = patch,
            FeatureMaps = [.. golden.Params.GetProperty("f_maps").EnumerateArray().Select(m => m.GetInt32())],
            Slope = golden.Params.GetProperty("slope").GetSingle(),
        });
        foreach (var spec in critic.Parameters.Specs)
            critic.Parameters[spec.Name].Buffer.CopyFrom(CheckpointFormat.FromFile(spec, golden.Float32($"state/{spec.Name}")));
        return critic;
    }

    private static Tensor Mixed(Tensor real, Tensor fake, float[] epsilon)
    {
        var (a, b) = (real.ToArray(), fake.ToArray());
        var length = a.Length / epsilon.Length;
        return Tensor.From(real.Device, real.Shape, [.. a.Select((v, i) => epsilon[i / length] * v + (1 - epsilon[i / length]) * b[i])]);
    }

    private static void AssertScores(GoldenCase golden, string name, Tensor actual)
    {
        var expected = golden.Float64(name);
        var tolerance = golden.Tolerance(name);
        Assert.That(actual.ToArray().Zip(expected, (a, e) => Math.Abs(a - e)).Max(), Is.LessThanOrEqualTo(tolerance), $"{golden} {name}");
    }

    private static void AssertGradients(GoldenCase golden, string prefix, Critic critic, Func<string, float[]> gradient)
    {
        foreach (var spec in critic.Parameters.Specs)
        {
            var name = $"{prefix}/{spec.Name}";
            var (actual, expected) = (gradient(spec.Name), golden.Float64(name));
            Assert.That(actual, Has.Length.EqualTo(expected.Length));
            var tolerance = golden.Tolerance(name);
            for (var i = 0; i < expected.Length; i++)
                Assert.That(actual[i], Is.EqualTo(expected[i]).Within(tolerance), $"{golden} {name}, element {i}");
        }
    }
}
