using BenchmarkDotNet.Attributes;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Group normalisation (8 groups) and batch normalisation in training, at the first level of the 2D and the 3D network.</summary>
public class NormBench
{
    private ComputeDevice _device = null!;
    private NormCalls _calls = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Images))]
    public Image Shape { get; set; } = null!;

    public static IEnumerable<Image> Images =>
        [new(new TensorShape(4, 1, 448, 448, 16)), new(new TensorShape(1, 40, 64, 64, 64))];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _calls = new NormCalls(_device, Shape);
    }

    [Benchmark]
    public void GroupNormForward()
    {
        _calls.GroupNormForward();
        _device.Synchronize();
    }

    [Benchmark]
    public void GroupNormBackward()
    {
        _calls.GroupNormBackward();
        _device.Synchronize();
    }

    [Benchmark]
    public void BatchNormForward()
    {
        _calls.BatchNormForward();
        _device.Synchronize();
    }

    [Benchmark]
    public void BatchNormBackward()
    {
        _calls.BatchNormBackward();
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _calls.Dispose();
        _device.Dispose();
    }

    /// <summary>Forward reads x twice and writes y; backward reads dy and x twice and writes dx: statistics come before the first result.</summary>
    public sealed record Image(TensorShape Shape) : IWorkload
    {
        public Work Of(string benchmark) => benchmark.EndsWith("Forward", StringComparison.Ordinal)
            ? new(8.0 * Shape.Count, 3.0 * sizeof(float) * Shape.Count)
            : new(9.0 * Shape.Count, 5.0 * sizeof(float) * Shape.Count);

        public override string ToString() => $"{Extents.Dimensions(Shape)} {Extents.Text(Shape)}, {Shape.C} channels";
    }
}
