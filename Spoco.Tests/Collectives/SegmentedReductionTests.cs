using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Collectives;

/// <summary>One value per segment, or per run of equal keys.</summary>
public sealed class SegmentedReductionTests
{
    [Test]
    public void Runs_and_segments([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        foreach (var length in CollectiveProblems.Lengths(name).Where(length => length < 1_000_000))
        {
            CheckRuns(device, length, length);
            CheckSegments(device, length, length);
        }
    }

    [Test]
    public void More_segments_than_groups([Values("opencl:0", "cuda:0")] string name) => CheckSegments((IlgpuDevice)TestDevices.Open(name), 1, 200_000, 1);

    /// <summary>Sums of floating-point numbers depend on their order: it is the same every time.</summary>
    [Test]
    public void Sums_have_the_same_bits_every_time([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        using var scratch = new DeviceScratch((IlgpuDevice)TestDevices.Open(name), "test");
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 3000).Select(_ => random.NextSingle() * MathF.Pow(10, random.Next(-6, 6)))];
        var (there, starts, sums) = (scratch.Upload<float>(values), scratch.Upload<int>([0, 5, 5, 700, 2999]), scratch.Take<float>(5));
        SegmentedReduction.OfSegments<float, NumberSum>(scratch.Gpu, there, starts, sums);
        var first = sums.ToArray();
        Assert.That(first[2], Is.EqualTo(values[5..700].Sum(v => (double)v)).Within(1e-5).Percent);
        for (var i = 0; i < 5; i++)
        {
            SegmentedReduction.OfSegments<float, NumberSum>(scratch.Gpu, there, starts, sums);
            Assert.That(sums.ToArray(), Is.EqualTo(first));
        }
    }

    [Test]
    public void Lengths_must_fit([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        using var scratch = new DeviceScratch((IlgpuDevice)TestDevices.Open(name), "test");
        var (keys, values) = (scratch.Take<ulong>(5), scratch.Take<int>(5));
        Assert.That(() => SegmentedReduction.OfSegments<int, IntegerSum>(scratch.Gpu, values, values, values.Slice(0, 4)), Throws.ArgumentException);
        Assert.That(() => SegmentedReduction.ByKey<int, IntegerSum>(scratch, keys, values.Slice(0, 4), keys, values, scratch.Take<int>(2)), Throws.ArgumentException);
        Assert.That(() => SegmentedReduction.ByKey<int, IntegerSum>(scratch, keys, values, keys, values, scratch.Take<int>(3)), Throws.ArgumentException);
    }

    internal static void CheckRuns(IlgpuDevice device, int seed, int length)
    {
        using var scratch = new DeviceScratch(device, "test");
        var random = new Random(seed);
        var sorted = new ulong[length];
        for (var i = 1; i < length; i++)
            sorted[i] = sorted[i - 1] + (ulong)(random.Next(4) == 0 ? random.Next(5) : 0);
        var values = RadixSortTests.Keys(length, seed);
        var (keys, results, ends) = (scratch.Take<ulong>(length), scratch.Take<ulong>(length), scratch.Take<int>(2));
        SegmentedReduction.ByKey<ulong, LargestKey>(scratch, scratch.Upload<ulong>(sorted), scratch.Upload<ulong>(values), keys, results, ends);
        var expected = Enumerable.Range(0, length).GroupBy(i => sorted[i]).Select(run => (run.Key, run.Max(i => values[i]))).ToArray();
        Assert.That(ends.ToArray(), Is.EqualTo(new[] { 0, expected.Length }));
        Assert.That(keys.Slice(0, expected.Length).ToArray().Zip(results.Slice(0, expected.Length).ToArray()), Is.EqualTo(expected), $"{length} keys");
    }

    internal static void CheckSegments(IlgpuDevice device, int seed, int length, int longest = 700)
    {
        using var scratch = new DeviceScratch(device, "test");
        var random = new Random(seed);
        List<int> starts = [0];
        while (starts[^1] < length)
            starts.Add(starts[^1] + random.Next(longest == 1 ? 1 : 0, longest + 1));
        starts.RemoveAt(starts.Count - 1);
        var values = PrefixSumTests.Values(length, seed);
        var results = scratch.Take<int>(starts.Count);
        SegmentedReduction.OfSegments<int, IntegerSum>(device, scratch.Upload<int>(values), scratch.Upload<int>([.. starts]), results);
        var expected = starts.Select((start, s) => values[start..(s + 1 < starts.Count ? starts[s + 1] : length)].Sum()).ToArray();
        Assert.That(results.ToArray(), Is.EqualTo(expected), $"{length} values");
    }
}
