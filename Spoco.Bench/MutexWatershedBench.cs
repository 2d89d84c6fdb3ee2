using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>From embeddings to labels, everything counted. The sequential rule is the baseline; rounds and times per phase are printed.</summary>
public class MutexWatershedBench
{
    private ComputeDevice _device = null!;
    private Volume<float> _embeddings = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Images))]
    public Image Shape { get; set; } = null!;

    public static IEnumerable<Image> Images =>
    [
        new("448x448", 1, 448, 448, 50), new("2048x2048", 1, 2048, 2048, 50), new("40x64x64", 40, 64, 64, 20), new("64x128x128", 64, 128, 128, 25),
        new("256x256", 1, 256, 256, 50), new("1024x1024", 1, 1024, 1024, 50), new("4096x4096", 1, 4096, 4096, 50),
        new("128x128", 1, 128, 128, 50), new("16x32x32", 16, 32, 32, 20), new("32x64x64", 32, 64, 64, 25),
    ];

    /// <summary>The image that is called so.</summary>
    public static Image Find(string name) => Images.First(image => image.Name == name);

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _embeddings = NoisyCells.Draw(Shape.Depth, Shape.Height, Shape.Width, Shape.Pitch);
    }

    [Benchmark(Baseline = true)]
    public Volume<int> Sequential() => SequentialMutexWatershed.FromEmbeddings(_embeddings);

    [Benchmark]
    public Volume<int> Parallel() => MutexWatershed.FromEmbeddings(_embeddings, device: _device);

    [GlobalCleanup]
    public void Cleanup()
    {
        var trace = new MutexTrace();
        MutexWatershed.Segment(_embeddings, null, null, null, new MutexRun(_device) { Trace = trace }, default);
        Console.WriteLine($"// {Shape} on {Device}");
        if (!_device.Capabilities.OnHost)
        {
            var gpu = _device.Ilgpu;
            var before = gpu.Traffic;
            MutexWatershed.FromEmbeddings(_embeddings, device: _device);
            Console.WriteLine($"//   {gpu.Traffic.Since(before)}, embeddings and labels included");
        }

        foreach (var (nodes, attractive, repulsive, mutexes) in trace.Rounds)
            Console.WriteLine($"//   left: {nodes} nodes, {attractive} attractive, {repulsive} repulsive, {mutexes} mutexes");
        foreach (var (phase, milliseconds) in trace.Phases)
            Console.WriteLine($"//   {phase}: {milliseconds:F1} ms");
        _device.Dispose();
    }

    /// <summary>An image of cells; every embedding is read once, every label written once.</summary>
    public sealed record Image(string Name, int Depth, int Height, int Width, double Pitch) : IWorkload
    {
        public Work Of(string benchmark) => new(0, sizeof(float) * 17.0 * Depth * Height * Width);

        public override string ToString() => Name;
    }
}
