using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>
/// What lies between the levels of a U-Net: maximum pooling, and the level below, with twice the channels, resized and concatenated.
/// </summary>
public class PoolBench
{
    private ComputeDevice _device = null!;
    private PoolingShape _pool;
    private UpsampleShape _upsample;
    private DeviceBuffer<float> _large, _pooled, _gradient, _small, _both;
    private DeviceBuffer<byte> _places;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Images))]
    public Image Shape { get; set; } = null!;

    public static IEnumerable<Image> Images =>
    [
        new("2D 448x448, 16 ch", new TensorShape(4, 1, 448, 448, 16), (1, 2, 2)),
        new("3D 40x64x64, 64 ch", new TensorShape(1, 40, 64, 64, 64), (2, 2, 2)),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _pool = Shape.Pooling;
        _upsample = Shape.Upsampling;
        var random = new Random(1);
        _large = New(_pool.Input.Count);
        _gradient = New(_pool.Input.Count);
        _pooled = New(_pool.Output.Count);
        _small = New(_upsample.Small.Count);
        _both = New(_upsample.Output.Count);
        _places = _device.Allocate<byte>(_pool.Output.Count, nameof(PoolBench));
        MaxPool.Forward(_pool, _large, _pooled, _places);

        DeviceBuffer<float> New(long length)
        {
            var buffer = _device.Allocate<float>(length, nameof(PoolBench));
            var values = new float[length];
            for (var i = 0; i < values.Length; i++)
                values[i] = random.NextSingle();
            buffer.CopyFrom(values);
            return buffer;
        }
    }

    [Benchmark]
    public void MaxPoolForward() => Run(() => MaxPool.Forward(_pool, _large, _pooled, _places));

    [Benchmark]
    public void MaxPoolBackward() => Run(() => MaxPool.Backward(_pool, _pooled, _places, _gradient));

    [Benchmark]
    public void AveragePoolForward() => Run(() => AveragePool.Forward(_pool, _large, _pooled));

    [Benchmark]
    public void AveragePoolBackward() => Run(() => AveragePool.Backward(_pool, _pooled, _gradient));

    [Benchmark]
    public void UpsampleConcatForward() => Run(() => UpsampleConcat.Forward(_upsample, _large, _small, _both));

    [Benchmark]
    public void UpsampleConcatBackward() => Run(() => UpsampleConcat.Backward(_upsample, _both, _gradient, _small));

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private void Run(Action operation)
    {
        operation();
        _device.Synchronize();
    }

    /// <summary>The larger tensor of a level; every operation reads its inputs and writes its outputs once.</summary>
    public sealed record Image(string Name, TensorShape Shape, (int D, int H, int W) Window) : IWorkload
    {
        internal PoolingShape Pooling => PoolingShape.Of(nameof(PoolBench), Shape, Window);

        internal UpsampleShape Upsampling =>
            UpsampleShape.Of(nameof(PoolBench), Pooling.Output.WithChannels(2 * Shape.C), (Shape.D, Shape.H, Shape.W), Shape.C);

        public Work Of(string benchmark) => benchmark.StartsWith("Upsample", StringComparison.Ordinal)
            ? new(0, sizeof(float) * (double)(Upsampling.Skip.Count + Upsampling.Small.Count + Upsampling.Output.Count))
            : new(Shape.Count, sizeof(float) * (double)(Shape.Count + Pooling.Output.Count)
                + (benchmark.StartsWith("Max", StringComparison.Ordinal) ? Pooling.Output.Count : 0));

        public override string ToString() => Name;
    }
}
