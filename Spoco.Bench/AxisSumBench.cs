using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Sums over voxels and over channels, and their gradients.</summary>
public class AxisSumBench
{
    private ComputeDevice _device = null!;
    private DeviceBuffer<float> _x, _channels, _voxels;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Shapes))]
    public Batch Shape { get; set; } = null!;

    public static IEnumerable<Batch> Shapes => [new("2D", new TensorShape(4, 1, 448, 448, 16)), new("3D", new TensorShape(1, 40, 64, 64, 16))];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _x = _device.Allocate<float>(Shape.Extents.Count, nameof(_x));
        _channels = _device.Allocate<float>(Shape.Extents.C, nameof(_channels));
        _voxels = _device.Allocate<float>(Shape.Extents.Voxels, nameof(_voxels));
        Elementwise.Fill(_x, 1);
    }

    [Benchmark]
    public void OverVoxels() => Run(() => ChannelSum.Forward(Shape.Extents, _x, _channels));

    [Benchmark]
    public void OverChannels() => Run(() => VoxelSum.Forward(Shape.Extents, _x, _voxels));

    [Benchmark]
    public void SpreadOverVoxels() => Run(() => Spread.OverVoxels(Shape.Extents, _channels, _x));

    [Benchmark]
    public void SpreadOverChannels() => Run(() => Spread.OverChannels(Shape.Extents, _voxels, _x));

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private void Run(Action operation)
    {
        operation();
        _device.Synchronize();
    }

    /// <summary>One tensor is read or written.</summary>
    public sealed record Batch(string Name, TensorShape Extents) : IWorkload
    {
        public Work Of(string benchmark) => new(Extents.Count, 4.0 * Extents.Count);

        public override string ToString() => Name;
    }
}
