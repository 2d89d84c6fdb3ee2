using BenchmarkDotNet.Attributes;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// The losses of a foreground channel with their gradients: of complete labels, and of few. Labels come from the host: what is learned of them is worked out
/// in every evaluation, as in a training.
/// </summary>
public class ForegroundLossBench
{
    private ComputeDevice _device = null!;
    private ForegroundLossCalls _calls = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Batches))]
    public Batch Shape { get; set; } = null!;

    public static IEnumerable<Batch> Batches =>
        [new("2D", new TensorShape(4, 1, 448, 448, 17)), new("3D", new TensorShape(1, 40, 64, 64, 17))];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _calls = new ForegroundLossCalls(_device, Shape);
    }

    /// <summary><see cref="Engine.Losses.ForegroundLoss"/>.</summary>
    [Benchmark(Baseline = true)]
    public void ForegroundLoss()
    {
        _calls.OfCompleteLabels();
        _device.Synchronize();
    }

    /// <summary><see cref="Engine.Losses.PositiveUnlabelledLoss"/>, with the agreement of f and g.</summary>
    [Benchmark]
    public void PositiveUnlabelledLoss()
    {
        _calls.OfFewLabels();
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _calls.Dispose();
        _device.Dispose();
    }

    /// <summary>A batch: of every pixel a logit (two with g) and a target are read, and a gradient is written in all channels.</summary>
    public sealed record Batch(string Name, TensorShape Extents) : IWorkload
    {
        public Work Of(string benchmark) =>
            new(0, 4.0 * Extents.Voxels * (Extents.C + (benchmark == nameof(PositiveUnlabelledLoss) ? 5 : 3)));

        public override string ToString() => Name;
    }
}
