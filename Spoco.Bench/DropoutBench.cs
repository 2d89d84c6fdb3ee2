using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Spatial dropout of the map at the bottom of the paper's networks; its gradient is the same computation.</summary>
public class DropoutBench
{
    private ComputeDevice _device = null!;
    private DeviceBuffer<float> _x, _y;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Maps))]
    public Map Shape { get; set; } = null!;

    public static IEnumerable<Map> Maps =>
    [
        new("2D 14x14, 512 ch, batch 4", new TensorShape(4, 1, 14, 14, 512)), new("3D 5x8x8, 512 ch", new TensorShape(1, 5, 8, 8, 512)),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _x = _device.Allocate<float>(Shape.Extents.Count, nameof(DropoutBench));
        _y = _device.Allocate<float>(Shape.Extents.Count, nameof(DropoutBench));
        _x.Clear();
    }

    [Benchmark]
    public void Apply()
    {
        Dropout.Apply(Shape.Extents, _x, _y, 0.5f, 1);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    /// <summary>A map; every value is read and written once.</summary>
    public sealed record Map(string Name, TensorShape Extents) : IWorkload
    {
        public Work Of(string benchmark) => new(Extents.Count, 2.0 * sizeof(float) * Extents.Count);

        public override string ToString() => Name;
    }
}
