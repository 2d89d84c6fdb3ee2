using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Collectives;

/// <summary>Sums of all elements before each, of any number of elements.</summary>
public sealed class PrefixSumTests
{
    [Test]
    public void Sums_are_those_of_a_loop([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        foreach (var length in CollectiveProblems.Lengths(name))
        {
            Check(device, Values(length, length));
            Check(device, [.. Enumerable.Repeat(1, length)]);
            Check(device, new int[length]);
        }
    }

    [Test]
    public void Sums_of_any_sign_go_up_and_down([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name) =>
        Check((IlgpuDevice)TestDevices.Open(name), [.. Values(5000, 3).Select((value, i) => i % 2 == 0 ? value : -value)]);

    [Test]
    public void Lengths_must_fit([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        using var scratch = new DeviceScratch((IlgpuDevice)TestDevices.Open(name), "test");
        var values = scratch.Take<int>(5);
        Assert.That(() => PrefixSum.Exclusive(scratch, values, values.Slice(0, 4), scratch.Take<int>(2)), Throws.ArgumentException);
        Assert.That(() => PrefixSum.Exclusive(scratch, values, values, scratch.Take<int>(1)), Throws.ArgumentException);
    }

    internal static int[] Values(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(500))];
    }

    internal static void Check(IlgpuDevice device, int[] values)
    {
        using var scratch = new DeviceScratch(device, "test");
        var (there, apart, ends) = (scratch.Upload<int>(values), scratch.Take<int>(values.Length), scratch.Upload<int>([-1, -1]));
        PrefixSum.Exclusive(scratch, there, apart, ends);
        PrefixSum.Exclusive(scratch, there, there, ends);
        var expected = new int[values.Length];
        var sum = 0;
        for (var i = 0; i < values.Length; i++)
            (expected[i], sum) = (sum, sum + values[i]);
        Assert.That(apart.ToArray().AsSpan().SequenceEqual(expected), $"{values.Length} values");
        Assert.That(there.ToArray().AsSpan().SequenceEqual(expected), $"{values.Length} values, in place");
        Assert.That(ends.ToArray(), Is.EqualTo(new[] { 0, sum }));
    }
}
