using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Ops;

public sealed class MomentumUpdateTests
{
    [Test]
    public void Equals_golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("ema"))
        {
            float[] start = golden.Float32("f0"), f = golden.Float32("f");
            var expected = golden.Float64("g");
            var count = start.Length;
            var average = device.Allocate<float>(count, "test");
            using var averageMemory = average.Memory;
            var followed = device.Allocate<float>(count, "test");
            using var followedMemory = followed.Memory;
            average.CopyFrom(start);
            for (var t = 0; t < f.Length / count; t++)
            {
                followed.CopyFrom(f.AsSpan(t * count, count));
                MomentumUpdate.Apply(average, followed, golden.Params.GetProperty("m").GetDouble());
                var actual = average.ToArray();
                for (var i = 0; i < count; i++)
                    Assert.That(actual[i], Is.EqualTo(expected[t * count + i]).Within(golden.Tolerance("g")), $"step {t + 1}, element {i}, {name}");
            }
        }
    }

    [Test]
    public void Equals_reference_on_any_number_of_threads([Values(1, 2, 3, 5)] int threads, [Values(1, 7, 100_003)] int count)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        var random = new Random(count);
        float[] g = GradientCheck.RandomValues(random, count), f = GradientCheck.RandomValues(random, count);
        var buffer = device.Allocate<float>(2L * count, "test");
        using var memory = buffer.Memory;
        buffer.Slice(0, count).CopyFrom(g);
        buffer.Slice(count, count).CopyFrom(f);
        MomentumUpdate.Apply(buffer.Slice(0, count), buffer.Slice(count, count), 0.999);
        var actual = buffer.ToArray();
        for (var i = 0; i < count; i++)
        {
            Assert.That(actual[i], Is.EqualTo(0.999 * g[i] + 0.001 * f[i]).Within(2e-7));
            Assert.That(actual[count + i], Is.EqualTo(f[i]));
        }
    }

    [Test]
    public void Momentum_out_of_range_is_an_error([Values(-0.1, 1.1, double.NaN)] double momentum)
    {
        var buffer = TestDevices.Open("cpu").Allocate<float>(1, "test");
        using var memory = buffer.Memory;
        Assert.That(() => MomentumUpdate.Apply(buffer, buffer, momentum),
            Throws.ArgumentException.With.Message.StartsWith("MomentumUpdate: the momentum must be in [0, 1]"));
    }
}
