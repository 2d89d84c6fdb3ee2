using BenchmarkDotNet.Attributes;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// One training step of the paper's two networks: f forward, backward, g forward, Adam with the momentum update; without the loss (as the peers were timed), and
/// the whole sparse SPOCO step with 8 objects an image.
/// </summary>
public class TrainingStepBench
{
    private ComputeDevice _device = null!;
    private TrainingStepCalls _calls = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Networks))]
    public Network Net { get; set; } = null!;

    public static IEnumerable<Network> Networks =>
    [
        new("tiny 2D", 2, [8, 16], "bcr", new TensorShape(2, 1, 64, 64, 1)),
        new("UNet2D 16..512 bcr", 2, [16, 32, 64, 128, 256, 512], "bcr", new TensorShape(4, 1, 448, 448, 3)),
        new("UNet3D 64..512 gcr", 3, [64, 128, 256, 512], "gcr", new TensorShape(1, 40, 64, 64, 1)),
    ];

    /// <summary>The network whose name holds a text.</summary>
    public static Network Find(string wanted) => Networks.FirstOrDefault(n => n.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"no network is called {wanted}; there are {string.Join(", ", Networks.Select(n => n.Name))}.");

    /// <summary>Threads of the host; null = all.</summary>
    internal int? Threads { get; init; }

    /// <summary>The algorithms that were asked for.</summary>
    internal AlgorithmRequest Algorithms { get; init; } = new();

    /// <summary>The device, once it is opened.</summary>
    internal ComputeDevice Opened => _device;

    [GlobalSetup]
    public void Setup()
    {
        _device = Algorithms.Watch(ComputeDevice.Open(Device, new ComputeDeviceOptions { Threads = Threads, Algorithms = Algorithms.Forced }));
        _calls = new TrainingStepCalls(_device, Net);
    }

    /// <summary>The networks alone.</summary>
    [Benchmark]
    public void NetworkStep()
    {
        _calls.Networks();
        _device.Synchronize();
    }

    /// <summary>The whole step.</summary>
    [Benchmark]
    public double SpocoStep()
    {
        var loss = _calls.Spoco();
        _device.Synchronize();
        return loss;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _calls.Dispose();
        _device.Dispose();
    }

    /// <summary>A network and its input.</summary>
    public sealed record Network(string Name, int Dimensions, int[] Maps, string Order, TensorShape Input) : IWorkload
    {
        /// <summary>Operations are not counted: what the step needs is what the peers' tables give in milliseconds.</summary>
        public Work Of(string benchmark) => default;

        public override string ToString() => Name;
    }
}
