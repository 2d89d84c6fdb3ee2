using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>Prefix sums, sorting and reduction by key, against their definitions; of several lengths, of which some fill tiles and some do not. Integers and keys are exact.</summary>
internal static class CollectiveChecks
{
    public static IEnumerable<SelfCheck> All()
    {
        foreach (var (lengths, isLarge) in ((int[], bool)[])[([1, 2100], false), ([2047, 2048, 2049, 100_000, 1_000_003], true)])
        {
            yield return Of(nameof(PrefixSum), lengths, isLarge, Sums, length => Definition(Values(length)));
            yield return Of(nameof(RadixSort), lengths, isLarge, Sort, length =>
            {
                var (keys, numbers) = (Keys(length), Numbers(length));
                int[] order = [.. numbers.OrderBy(i => keys[i])];
                return [.. order.Select(i => (float)keys[i]), .. order.Select(i => (float)i)];
            });
            yield return Of(nameof(SegmentedReduction), lengths, isLarge, Reduce, length =>
            {
                var (keys, numbers) = (Keys(length).Order().ToArray(), Numbers(length));
                var runs = numbers.GroupBy(i => keys[i]).OrderBy(run => run.Key).ToArray();
                return
                [
                    .. runs.Select(run => (float)run.Key), .. runs.Select(run => (float)run.Sum(i => i % 7)), .. runs.Select(run => (float)run.Max(i => Largest(i))),
                    .. runs.Select(run => run.Sum(i => i % 5 / 4f)),
                ];
            });
        }
    }

    private static SelfCheck Of(string operation, int[] lengths, bool isLarge, Func<DeviceScratch, int, float[]> compute, Func<int, float[]> define) => new(
        operation, $"lengths {string.Join(", ", lengths)}", 0, device =>
        {
            using var scratch = DeviceScratch.On(device, operation);
            return [.. lengths.Select(length => new CheckedArray($"of {length}", compute(scratch, length)))];
        })
    {
        IsLarge = isLarge, IsOfGpus = true, Definition = () => [.. lengths.Select(length => new CheckedArray($"of {length}", define(length)))],
    };

    private static float[] Sums(DeviceScratch scratch, int length)
    {
        var (sums, ends) = (scratch.Upload<int>(Values(length)), scratch.Take<int>(2));
        PrefixSum.Exclusive(scratch, sums, sums, ends);
        return [.. sums.ToArray().Select(sum => (float)sum), ends.ToArray()[1]];
    }

    private static float[] Definition(int[] values)
    {
        var sums = new float[values.Length + 1];
        for (var (i, sum) = (0, 0); i < values.Length; i++)
            sums[i + 1] = sum += values[i];
        return sums;
    }

    private static float[] Sort(DeviceScratch scratch, int length)
    {
        var (keys, numbers) = (scratch.Upload<ulong>(Keys(length)), scratch.Upload<int>(Numbers(length)));
        RadixSort.Sort(scratch, keys, numbers, 0, 10);
        return [.. keys.ToArray().Select(key => (float)key), .. numbers.ToArray().Select(number => (float)number)];
    }

    private static float[] Reduce(DeviceScratch scratch, int length)
    {
        var sorted = scratch.Upload<ulong>([.. Keys(length).Order()]);
        var (keys, ends) = (scratch.Take<ulong>(length), scratch.Take<int>(2));
        var (sums, largest, numbers) = (scratch.Take<int>(length), scratch.Take<ulong>(length), scratch.Take<float>(length));
        SegmentedReduction.ByKey<int, IntegerSum>(scratch, sorted, scratch.Upload<int>([.. Numbers(length).Select(i => i % 7)]), keys, sums, ends);
        SegmentedReduction.ByKey<ulong, LargestKey>(scratch, sorted, scratch.Upload<ulong>([.. Numbers(length).Select(Largest)]), keys, largest, ends);
        SegmentedReduction.ByKey<float, NumberSum>(scratch, sorted, scratch.Upload<float>([.. Numbers(length).Select(i => i % 5 / 4f)]), keys, numbers, ends);
        var runs = ends.ToArray()[1];
        return
        [
            .. keys.Slice(0, runs).ToArray().Select(key => (float)key), .. sums.Slice(0, runs).ToArray().Select(sum => (float)sum),
            .. largest.Slice(0, runs).ToArray().Select(key => (float)key), .. numbers.Slice(0, runs).ToArray(),
        ];
    }

    private static int[] Numbers(int length) => [.. Enumerable.Range(0, length)];

    private static int[] Values(int length) => [.. Numbers(length).Select(i => (int)(MutexGrid.Mix((ulong)i) % 9))];

    private static ulong[] Keys(int length) => [.. Numbers(length).Select(i => MutexGrid.Mix((ulong)i + 77) % 1000)];

    private static ulong Largest(int i) => MutexGrid.Mix((ulong)i) % 100_000;
}
