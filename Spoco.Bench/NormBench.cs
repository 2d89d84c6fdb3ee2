using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Group normalisation (8 groups) and batch normalisation in training, at the first level of the 2D and the 3D network.</summary>
public class NormBench
{
    private ComputeDevice _device = null!;
    private GroupNormShape _group, _batch;
    private DeviceBuffer<float> _x, _y, _dy, _dx, _gamma, _beta, _dgamma, _dbeta, _mean, _rstd;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Images))]
    public Image Shape { get; set; } = null!;

    public static IEnumerable<Image> Images =>
        [new("2D 448x448, 16 ch", new TensorShape(4, 1, 448, 448, 16)), new("3D 40x64x64, 64 ch", new TensorShape(1, 40, 64, 64, 64))];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _group = GroupNormShape.Of(Shape.Shape, 8);
        _batch = GroupNormShape.OfBatch(Shape.Shape);
        var random = new Random(1);
        _x = New(Shape.Shape.Count);
        _y = New(Shape.Shape.Count);
        _dy = New(Shape.Shape.Count);
        _dx = New(Shape.Shape.Count);
        _gamma = New(Shape.Shape.C);
        _beta = New(Shape.Shape.C);
        _dgamma = New(Shape.Shape.C);
        _dbeta = New(Shape.Shape.C);
        var statistics = Math.Max(_group.Statistics, _batch.Statistics);
        _mean = New(statistics);
        _rstd = New(statistics);

        DeviceBuffer<float> New(long length)
        {
            var buffer = _device.Allocate<float>(length, nameof(NormBench));
            var values = new float[length];
            for (var i = 0; i < values.Length; i++)
                values[i] = random.NextSingle();
            buffer.CopyFrom(values);
            return buffer;
        }
    }

    [Benchmark]
    public void GroupNormForward() => Forward(_group);

    [Benchmark]
    public void GroupNormBackward() => Backward(_group);

    [Benchmark]
    public void BatchNormForward() => Forward(_batch);

    [Benchmark]
    public void BatchNormBackward() => Backward(_batch);

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private void Forward(GroupNormShape shape)
    {
        var (mean, rstd) = (_mean.Slice(0, shape.Statistics), _rstd.Slice(0, shape.Statistics));
        GroupNorm.Statistics(shape, 1e-5f, _x, mean, rstd);
        GroupNorm.Normalize(shape, _x, _gamma, _beta, mean, rstd, _y);
        _device.Synchronize();
    }

    private void Backward(GroupNormShape shape)
    {
        var (mean, rstd) = (_mean.Slice(0, shape.Statistics), _rstd.Slice(0, shape.Statistics));
        GroupNorm.Backward(shape, _dy, _x, _gamma, mean, rstd, _dx, _dgamma, _dbeta);
        _device.Synchronize();
    }

    /// <summary>Forward reads x twice and writes y; backward reads dy and x twice and writes dx: statistics come before the first result.</summary>
    public sealed record Image(string Name, TensorShape Shape) : IWorkload
    {
        public Work Of(string benchmark) => benchmark.EndsWith("Forward", StringComparison.Ordinal)
            ? new(8.0 * Shape.Count, 3.0 * sizeof(float) * Shape.Count)
            : new(9.0 * Shape.Count, 5.0 * sizeof(float) * Shape.Count);

        public override string ToString() => Name;
    }
}
