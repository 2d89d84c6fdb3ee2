using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Collectives;

/// <summary>Keys come in order, equal ones in the order they had, and only the bits that were asked for count.</summary>
public sealed class RadixSortTests
{
    [Test]
    public void Keys_are_sorted([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        foreach (var length in CollectiveProblems.Lengths(name).Where(length => length < 1_000_000))
        {
            if (name != "ilgpu-cpu" || length < 100)
                Check(device, Keys(length, length), 0, 64);
            Check(device, Keys(length, length), 13, 9);
            Check(device, new ulong[length], 0, 4);
            Check(device, [.. Enumerable.Range(0, length).Select(i => (ulong)(length - i))], 0, 12);
        }
    }

    [Test]
    public void A_million_keys([Values("opencl:0", "cuda:0")] string name) => Check((IlgpuDevice)TestDevices.Open(name), Keys(1_000_003, 5), 40, 24);

    [Test]
    public void Every_run_gives_the_same([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        var keys = Keys(3000, 1);
        var first = Sort(device, keys, 60, 2);
        for (var i = 0; i < 5; i++)
            Assert.That(Sort(device, keys, 60, 2), Is.EqualTo(first));
    }

    [Test]
    public void Arguments_must_fit([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        using var scratch = new DeviceScratch((IlgpuDevice)TestDevices.Open(name), "test");
        var (keys, numbers) = (scratch.Take<ulong>(5), scratch.Take<int>(5));
        Assert.That(() => RadixSort.Sort(scratch, keys, numbers.Slice(0, 4)), Throws.ArgumentException);
        Assert.That(() => RadixSort.Sort(scratch, keys, numbers, 1, 64), Throws.ArgumentException);
        Assert.That(() => RadixSort.Sort(scratch, keys, numbers, -1, 8), Throws.ArgumentException);
    }

    internal static ulong[] Keys(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
    }

    internal static void Check(IlgpuDevice device, ulong[] keys, int firstBit, int bits)
    {
        ulong Part(ulong key) => bits == 64 ? key : (key >> firstBit) & ((1ul << bits) - 1);
        int[] order = [.. Enumerable.Range(0, keys.Length).OrderBy(i => Part(keys[i]))];
        var (sorted, numbers) = Sort(device, keys, firstBit, bits);
        Assert.That(numbers.AsSpan().SequenceEqual(order), $"{keys.Length} keys, bits {firstBit} to {firstBit + bits - 1}");
        Assert.That(sorted.AsSpan().SequenceEqual(order.Select(i => keys[i]).ToArray()), $"{keys.Length} keys, bits {firstBit} to {firstBit + bits - 1}");
    }

    private static (ulong[] Keys, int[] Numbers) Sort(IlgpuDevice device, ulong[] keys, int firstBit, int bits)
    {
        using var scratch = new DeviceScratch(device, "test");
        var (there, numbers) = (scratch.Upload<ulong>(keys), scratch.Upload<int>([.. Enumerable.Range(0, keys.Length)]));
        RadixSort.Sort(scratch, there, numbers, firstBit, bits);
        return (there.ToArray(), numbers.ToArray());
    }
}
