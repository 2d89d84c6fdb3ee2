using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Ops;

public sealed class AdamTests
{
    [Test]
    public void Equals_golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("adam").Where(c => c.Has("grads")))
        {
            var gradients = golden.Float32("grads");
            using var state = new State(device, golden.Float32("p0"));
            double[] parameters = golden.Float64("params"), first = golden.Float64("exp_avg"), second = golden.Float64("exp_avg_sq");
            var count = state.Count;
            for (var t = 0; t < gradients.Length / count; t++)
            {
                state.Step(gradients.AsSpan(t * count, count), Settings(golden), t + 1);
                AssertRow(golden, "params", state.Parameters, parameters, t);
                AssertRow(golden, "exp_avg", state.First, first, t);
                AssertRow(golden, "exp_avg_sq", state.Second, second, t);
            }
        }
    }

    /// <summary>L = 1/2 |A p - b|^2, the gradient worked out here.</summary>
    [Test]
    public void Minimises_least_squares_as_the_golden_run([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var golden = GoldenSet.Torch.Case("adam", "adam_least_squares");
        double[] a = golden.Float64("A"), b = golden.Float64("b"), expected = golden.Float64("params"), losses = golden.Float64("losses");
        using var state = new State(device, golden.Float32("p0"));
        for (var t = 0; t < losses.Length; t++)
        {
            var p = state.Parameters.ToArray();
            var residual = b.Select((target, i) => p.Select((v, j) => a[i * p.Length + j] * v).Sum() - target).ToArray();
            Assert.That(residual.Sum(r => r * r) / 2, Is.EqualTo(losses[t]).Within(golden.Tolerance("losses")), $"loss before step {t + 1}, {name}");
            var gradient = p.Select((_, j) => (float)residual.Select((r, i) => a[i * p.Length + j] * r).Sum()).ToArray();
            state.Step(gradient, Settings(golden), t + 1);
            AssertRow(golden, "params", state.Parameters, expected, t);
        }
    }

    [Test]
    public void Equals_reference_on_any_number_of_threads([Values(1, 2, 3, 5)] int threads, [Values(1, 7, 100_003)] int count)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        CheckOneStep(device, count);
    }

    [Test]
    public void Equals_reference([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name) =>
        CheckOneStep(TestDevices.Open(name), 1003);

    [Test]
    public void Gradients_are_kept_on_request([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        using var state = new State(TestDevices.Open(name), [1, 2, 3]);
        state.Step([1, -1, 0.5f], new AdamSettings(), 1, clear: false);
        Assert.That(state.Gradients.ToArray(), Is.EqualTo(new[] { 1, -1, 0.5f }));
        state.Step([1, -1, 0.5f], new AdamSettings(), 2);
        Assert.That(state.Gradients.ToArray(), Is.All.Zero);
    }

    /// <summary>In one sweep the same as one after the other.</summary>
    [Test]
    public void A_second_network_follows([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 13, 1003)] int count)
    {
        var device = TestDevices.Open(name);
        var random = new Random(count);
        var values = GradientCheck.RandomValues(random, count);
        using var memory = device.Allocate<float>(2L * count, "test").Memory;
        var followers = new DeviceBuffer<float>(memory, 0, 2L * count);
        var (together, apart) = (followers.Slice(0, count), followers.Slice(count, count));
        together.CopyFrom(values);
        apart.CopyFrom(values);
        using var state = new State(device, GradientCheck.RandomValues(random, count));
        for (var step = 1; step <= 2; step++)
        {
            state.Gradients.CopyFrom(GradientCheck.RandomValues(random, count));
            Adam.Step(state.Parameters, state.Gradients, state.First, state.Second, new AdamSettings { LearningRate = 0.1 }, step, true, together, 0.7);
            MomentumUpdate.Apply(apart, state.Parameters, 0.7);
        }

        Assert.That(together.ToArray(), Is.EqualTo(apart.ToArray()).Within(2).Ulps);
        Assert.That(together.ToArray(), Is.Not.EqualTo(values));
    }

    /// <summary>The device decides: nothing has been read.</summary>
    [Test]
    public void A_step_that_something_speaks_against_changes_nothing([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using var memory = device.Allocate<int>(3, "test").Memory;
        var findings = new DeviceBuffer<int>(memory, 0, 3);
        findings.Clear();
        using var state = new State(device, [1, 2, 3]);
        using var values = new State(device, [float.NaN, 1, float.MinValue]);
        using var far = new State(device, [1, 2, 1e20f]);
        state.Gradients.CopyFrom([1, -1, 2]);
        var before = state.All;
        Reduction.NoteNonFinite(state.Parameters, findings.Slice(0, 1));
        Reduction.NoteNonFinite(values.Parameters, findings.Slice(1, 1));
        Reduction.NoteNonFinite(far.Parameters, findings.Slice(2, 1), 1e19f);
        Assert.That(findings.ToArray(), Is.EqualTo(new[] { 0, 1, 1 }));
        for (var only = 0; only < 3; only++)
        {
            findings.CopyFrom([.. Enumerable.Range(0, 3).Select(i => i == only ? 1 : 0)]);
            Adam.Step(state.Parameters, state.Gradients, state.First, state.Second, new AdamSettings(), 1, follower: far.Parameters, findings: findings);
            Assert.That(state.All, Is.EqualTo(before));
        }

        Assert.That(far.Parameters.ToArray(), Is.EqualTo(new[] { 1, 2, 1e20f }));
        findings.Clear();
        Adam.Step(state.Parameters, state.Gradients, state.First, state.Second, new AdamSettings(), 1, findings: findings);
        Assert.That(state.All, Is.Not.EqualTo(before));
    }

    [Test]
    public void Misfits_are_named()
    {
        using var state = new State(TestDevices.Open("cpu"), [1, 2, 3]);
        Assert.That(() => state.Step([0, 0, 0], new AdamSettings(), 0),
            Throws.ArgumentException.With.Message.EqualTo("Adam: steps count from 1, got 0."));
        Assert.That(() => state.Step([0, 0, 0], new AdamSettings { Beta2 = 1 }, 1),
            Throws.ArgumentException.With.Message.EqualTo("Adam: Beta2 must be in [0, 1), got 1."));
        Assert.That(() => Adam.Step(state.Parameters, state.Gradients.Slice(0, 2), state.First, state.Second, new AdamSettings(), 1),
            Throws.ArgumentException.With.Message.EqualTo("Adam: gradients has 2 elements, expected 3."));
        Assert.That(() => Adam.Step(state.Parameters, state.Gradients, state.First, state.Second, new AdamSettings(), 1, true, state.First.Slice(0, 1)),
            Throws.ArgumentException.With.Message.EqualTo("Adam: the follower has 1 elements, expected 3."));
        Assert.That(() => Adam.Step(state.Parameters, state.Gradients, state.First, state.Second, new AdamSettings(), 1, momentum: 1.5),
            Throws.ArgumentException.With.Message.Contains("the momentum must be in [0, 1], got 1.5"));
    }

    private static AdamSettings Settings(GoldenCase golden)
    {
        var betas = golden.Params.GetProperty("betas").EnumerateArray().Select(b => b.GetDouble()).ToArray();
        return new AdamSettings
        {
            LearningRate = golden.Params.GetProperty("lr").GetDouble(),
            WeightDecay = golden.Params.GetProperty("weight_decay").GetDouble(),
            Beta1 = betas[0],
            Beta2 = betas[1],
            Epsilon = golden.Params.GetProperty("eps").GetDouble(),
        };
    }

    private static void AssertRow(GoldenCase golden, string name, DeviceBuffer<float> actual, double[] expected, int row)
    {
        var tolerance = golden.Tolerance(name);
        var values = actual.ToArray();
        for (var i = 0; i < values.Length; i++)
            Assert.That(values[i], Is.EqualTo(expected[row * values.Length + i]).Within(tolerance),
                $"{golden} {name}, step {row + 1}, element {i}, {actual.Device.Name}");
    }

    private static void CheckOneStep(ComputeDevice device, int count) => EveryAlgorithm.Of(Adam.Chooser, device, count, () => CompareOneStep(device, count));

    private static void CompareOneStep(ComputeDevice device, int count)
    {
        const int step = 3;
        var random = new Random(count);
        float[] p = GradientCheck.RandomValues(random, count), g = GradientCheck.RandomValues(random, count),
            m = GradientCheck.RandomValues(random, count);
        var v = Array.ConvertAll(GradientCheck.RandomValues(random, count), MathF.Abs);
        var settings = new AdamSettings { LearningRate = 0.01, WeightDecay = 0.1, Beta1 = 0.8, Beta2 = 0.95 };
        using var state = new State(device, p);
        state.First.CopyFrom(m);
        state.Second.CopyFrom(v);
        state.Step(g, settings, step);
        float[] actual = state.Parameters.ToArray(), first = state.First.ToArray(), second = state.Second.ToArray();
        for (var i = 0; i < count; i++)
        {
            var gradient = g[i] + 0.1 * p[i];
            var expectedFirst = 0.8 * m[i] + 0.2 * gradient;
            var expectedSecond = 0.95 * v[i] + 0.05 * gradient * gradient;
            var expected = p[i] - 0.01 / (1 - Math.Pow(0.8, step)) * expectedFirst / (Math.Sqrt(expectedSecond / (1 - Math.Pow(0.95, step))) + 1e-8);
            Assert.That(first[i], Is.EqualTo(expectedFirst).Within(1e-6), $"first moment {i}, {device.Name}");
            Assert.That(second[i], Is.EqualTo(expectedSecond).Within(1e-6), $"second moment {i}, {device.Name}");
            Assert.That(actual[i], Is.EqualTo(expected).Within(2e-6), $"parameter {i}, {device.Name}");
        }
    }

    private sealed class State : IDisposable
    {
        private readonly DeviceBuffer<float> _all;

        public State(ComputeDevice device, float[] parameters)
        {
            Count = parameters.Length;
            _all = device.Allocate<float>(4L * Count, "test");
            _all.Clear();
            Parameters.CopyFrom(parameters);
        }

        public int Count { get; }

        public float[] All => _all.ToArray();

        public DeviceBuffer<float> Parameters => _all.Slice(0, Count);

        public DeviceBuffer<float> Gradients => _all.Slice(Count, Count);

        public DeviceBuffer<float> First => _all.Slice(2L * Count, Count);

        public DeviceBuffer<float> Second => _all.Slice(3L * Count, Count);

        public void Step(ReadOnlySpan<float> gradients, AdamSettings settings, int step, bool clear = true)
        {
            Gradients.CopyFrom(gradients);
            Adam.Step(Parameters, Gradients, First, Second, settings, step, clear);
        }

        public void Dispose() => _all.Memory.Dispose();
    }
}
