using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>sum += b, as fast as memory is, and functions of one value.</summary>
public class ElementwiseBench
{
    private ComputeDevice _device = null!;
    private DeviceBuffer<float> _sum, _b;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Vectors))]
    public VectorLength Shape { get; set; } = null!;

    /// <summary>One operation, two values read and one written.</summary>
    public static IEnumerable<VectorLength> Vectors => VectorLength.All(new(1, 3 * sizeof(float)));

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _sum = _device.Allocate<float>(Shape.Length, nameof(_sum));
        _b = _device.Allocate<float>(Shape.Length, nameof(_b));
        Elementwise.Fill(_sum, 0);
        Elementwise.Fill(_b, 1);
    }

    [Benchmark]
    public void AddInto()
    {
        Elementwise.AddInto(_sum, _b);
        _device.Synchronize();
    }

    [Benchmark]
    public void Divide() => Apply(default(DivideOperator));

    [Benchmark]
    public void Exponential() => Apply(default(ExponentialOperator));

    [Benchmark]
    public void Logarithm() => Apply(default(LogarithmOperator));

    [Benchmark]
    public void SquareRoot() => Apply(default(SquareRootOperator));

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private void Apply<TOperator>(TOperator function) where TOperator : unmanaged, IElementwiseOperator
    {
        Elementwise.Apply(_b, _b, _sum, function);
        _device.Synchronize();
    }
}
