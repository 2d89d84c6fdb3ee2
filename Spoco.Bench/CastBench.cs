using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Casts from single precision to a type of 16 bits, and back.</summary>
public class CastBench
{
    private ComputeDevice _device = null!;
    private DeviceBuffer<float> _wide;
    private DeviceBuffer<byte> _narrow;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [Params(ElementType.BF16, ElementType.F16)]
    public ElementType Type { get; set; }

    [ParamsSource(nameof(Vectors))]
    public Vector Shape { get; set; } = null!;

    public static IEnumerable<Vector> Vectors => [new("in cache", 64 * 1024), new("in memory", 16 * 1024 * 1024)];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _wide = _device.Allocate<float>(Shape.Length, nameof(_wide));
        _narrow = _device.Allocate<byte>(Shape.Length * Type.Bytes(), nameof(_narrow));
        Elementwise.Fill(_wide, 1);
        Cast.Apply(ElementType.F32, _wide.Bytes, Type, _narrow);
    }

    [Benchmark]
    public void Narrow()
    {
        Cast.Apply(ElementType.F32, _wide.Bytes, Type, _narrow);
        _device.Synchronize();
    }

    [Benchmark]
    public void Widen()
    {
        Cast.Apply(Type, _narrow, ElementType.F32, _wide.Bytes);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    /// <summary>So many values, each read once in one width and written once in the other; a cast computes nothing.</summary>
    public sealed record Vector(string Name, long Length) : IWorkload
    {
        public Work Of(string benchmark) => new(0, (sizeof(float) + sizeof(ushort)) * Length);

        public override string ToString() => Name;
    }
}
