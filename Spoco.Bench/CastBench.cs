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
    public VectorLength Shape { get; set; } = null!;

    /// <summary>Each value is read once in one width and written once in the other; a cast computes nothing.</summary>
    public static IEnumerable<VectorLength> Vectors => VectorLength.All(new(0, sizeof(float) + sizeof(ushort)));

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
}
