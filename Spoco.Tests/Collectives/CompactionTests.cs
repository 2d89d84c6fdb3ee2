using ILGPU;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Collectives;

/// <summary>Elements in rows whose flag is set, to be listed; and how often each was asked.</summary>
public struct Flagged(ArrayView<int> flags, ArrayView<int> asked, ArrayView<int> count, ArrayView<int> list) : ICompaction
{
    private ArrayView<int> _flags = flags;
    private ArrayView<int> _asked = asked;
    private ArrayView<int> _count = count;
    private ArrayView<int> _list = list;

    /// <inheritdoc/>
    public readonly int Count => _count[0];

    /// <inheritdoc/>
    public bool Includes(int row, int i)
    {
        _asked[row * Count + i]++;
        return _flags[row * Count + i] != 0;
    }

    /// <inheritdoc/>
    public void Keep(int row, int i, int place) => _list[place] = row * Count + i;
}

/// <summary>What is selected comes in its order, whatever the length; every element is asked once; and how many there are stays on the device.</summary>
public sealed class CompactionTests
{
    [Test]
    public void Selected_elements_come_in_their_order([ValueSource(typeof(CollectiveProblems), nameof(CollectiveProblems.Devices))] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        foreach (var length in CollectiveProblems.Lengths(name).Where(length => length < 1_000_000))
        {
            var random = new Random(length);
            foreach (var rows in new[] { 1, 3 })
            {
                Check(device, rows, length, _ => random.Next(3) == 0);
                Check(device, rows, length, _ => true);
                Check(device, rows, length, _ => false);
            }
        }
    }

    [Test]
    public void Many_tiles([Values("opencl:0", "cuda:0")] string name) =>
        Check((IlgpuDevice)TestDevices.Open(name), 2, 2048 * 2048 + 4097, i => i % 1000 == 7 || i % 4096 < 9);

    internal static void Check(IlgpuDevice device, int rows, int length, Func<int, bool> isFlagged)
    {
        using var scratch = new DeviceScratch(device, "test");
        int[] flags = [.. Enumerable.Range(0, rows * length).Select(i => isFlagged(i) ? 1 : 0)];
        int[] expected = [.. Enumerable.Range(0, rows * length).Where(i => flags[i] != 0)];
        int[] ends = [.. Enumerable.Range(0, rows + 1).Select(row => expected.Count(i => i < (long)row * length))];
        // There may be room for more elements than there are.
        var selected = new Selected(scratch, rows, length + length / 3);
        var (asked, list, found) = (scratch.TakeCleared<int>(rows * length), scratch.Take<int>(expected.Length), scratch.Take<int>(rows + 1));
        var compaction = new Flagged(scratch.Upload<int>(flags).View, asked.View, scratch.Upload<int>([length]).View, list.View);
        Compaction.Select(device, compaction, selected, found);
        Compaction.Keep(device, compaction, selected);
        Assert.That(found.ToArray(), Is.EqualTo(ends), $"{rows} rows of {length}");
        Assert.That(list.ToArray().AsSpan().SequenceEqual(expected), $"{rows} rows of {length}");
        Assert.That(asked.ToArray().All(times => times == 1), $"{rows} rows of {length}: every element is asked once");
    }
}
