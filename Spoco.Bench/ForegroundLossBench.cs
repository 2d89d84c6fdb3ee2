using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// The losses of a foreground channel with their gradients: of complete labels, and of few. Labels come from the host: what is learned of them is worked out
/// in every evaluation, as in a training.
/// </summary>
public class ForegroundLossBench
{
    private const int Objects = 8;

    private ComputeDevice _device = null!;
    private Tensor _f = null!;
    private Tensor _g = null!;
    private int[] _labels = [];

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Batches))]
    public Batch Shape { get; set; } = null!;

    public static IEnumerable<Batch> Batches =>
        [new("2D", new TensorShape(4, 1, 448, 448, 17)), new("3D", new TensorShape(1, 40, 64, 64, 17))];

    private int Channel => Shape.Extents.C - 1;

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        var random = new RandomSource(1);
        _f = Tensor.From(_device, Shape.Extents, LossBench.Uniform(random, Shape.Extents.Count)).WithGradient();
        _g = Tensor.From(_device, Shape.Extents, LossBench.Uniform(random, Shape.Extents.Count));
        _labels = LossBench.Balls(random, Shape.Extents, Objects);
    }

    /// <summary><see cref="Engine.Losses.ForegroundLoss"/>.</summary>
    [Benchmark(Baseline = true)]
    public void ForegroundLoss()
    {
        using var scope = new TensorScope();
        using var labels = Labels();
        Engine.Losses.ForegroundLoss.Apply(_f, labels, Channel);
        _device.Synchronize();
    }

    /// <summary><see cref="Engine.Losses.PositiveUnlabelledLoss"/>, with the agreement of f and g.</summary>
    [Benchmark]
    public void PositiveUnlabelledLoss()
    {
        using var scope = new TensorScope();
        using var labels = Labels();
        Engine.Losses.PositiveUnlabelledLoss.Apply(_f, labels, Channel, new SpocoLossOptions { ForegroundShare = 0.1 }, _g);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private LabelBatch Labels() => LabelBatch.From(Shape.Extents.WithChannels(1), _labels);

    /// <summary>A batch: of every pixel a logit (two with g) and a target are read, and a gradient is written in all channels.</summary>
    public sealed record Batch(string Name, TensorShape Extents) : IWorkload
    {
        public Work Of(string benchmark) =>
            new(0, 4.0 * Extents.Voxels * (Extents.C + (benchmark == nameof(PositiveUnlabelledLoss) ? 5 : 3)));

        public override string ToString() => Name;
    }
}
