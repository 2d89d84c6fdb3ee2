using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Collective operations on a device other than <c>cpu</c>, without reading any result; the sort is by 32 bits of the keys.</summary>
public class CollectivesBench
{
    private const int RunLength = 256;

    private ComputeDevice _device = null!;
    private DeviceScratch _scratch = null!;
    private DeviceBuffer<int> _values, _sums, _ends;
    private DeviceBuffer<ulong> _keys, _sorted, _runs;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Lengths))]
    public Sequence Length { get; set; } = null!;

    public static IEnumerable<Sequence> Lengths => [new(1 << 16), new(1 << 20), new(1 << 24)];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _scratch = DeviceScratch.On(_device, nameof(CollectivesBench));
        _values = _scratch.Upload<int>([.. Enumerable.Range(0, Length.Count).Select(i => i * 7 % 13)]);
        _sums = _scratch.Take<int>(Length.Count);
        _ends = _scratch.Take<int>(2);
        var random = new Random(1);
        _keys = _scratch.Upload<ulong>([.. Enumerable.Range(0, Length.Count).Select(_ => (ulong)random.NextInt64())]);
        _sorted = _scratch.Upload<ulong>([.. Enumerable.Range(0, Length.Count).Select(i => (ulong)(i / RunLength))]);
        _runs = _scratch.Take<ulong>(Length.Count);
    }

    [Benchmark]
    public void PrefixSums()
    {
        PrefixSum.Exclusive(_scratch, _values, _sums, _ends);
        _device.Synchronize();
    }

    [Benchmark]
    public void Sort()
    {
        RadixSort.Sort(_scratch, _keys, _values, 16, 32);
        _device.Synchronize();
    }

    /// <summary>Runs of 256 equal keys are found and listed (compaction), and their values added.</summary>
    [Benchmark]
    public void ReduceByKey()
    {
        SegmentedReduction.ByKey<int, IntegerSum>(_scratch, _sorted, _values, _runs, _sums, _ends);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _scratch.Dispose();
        _device.Dispose();
    }

    /// <summary>A sequence of values, with keys where these are needed; read once, written once.</summary>
    public sealed record Sequence(int Count) : IWorkload
    {
        public Work Of(string benchmark) => new(0, (benchmark == nameof(PrefixSums) ? 8.0 : 24.0) * Count);

        public override string ToString() => $"{Count}";
    }
}
