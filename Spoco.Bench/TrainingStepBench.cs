using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>
/// One training step of the paper's two networks: f forward, backward, g forward, Adam with the momentum update; without the loss (as the peers were timed), and
/// the whole sparse SPOCO step with 8 objects an image.
/// </summary>
public class TrainingStepBench
{
    private const int ObjectsPerImage = 8;

    private ComputeDevice _device = null!;
    private SpocoModel _model = null!;
    private SpocoTrainer _trainer = null!;
    private TrainingBatch _batch = null!;
    private Tensor _gradient = null!;
    private DeviceBuffer<float> _first, _second;
    private int _step;

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

    /// <summary>The network that the first argument names a part of; the largest where there is none.</summary>
    public static Network Find(string[] args) => args is [var wanted, ..]
        ? Networks.FirstOrDefault(n => n.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"no network is called {wanted}; there are {string.Join(", ", Networks.Select(n => n.Name))}.")
        : Networks.Last();

    /// <summary>Threads of the host; null = all.</summary>
    internal int? Threads { get; init; }

    /// <summary>The device, where it is the host.</summary>
    internal HostDevice? Host => _device as HostDevice;

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device, new ComputeDeviceOptions { Threads = Threads });
        _model = new SpocoModel(_device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = Net.Dimensions, InputChannels = Net.Input.C, FeatureMaps = Net.Maps, Order = Net.Order },
        });
        _model.Initialise(1);
        _trainer = new SpocoTrainer(_model, new TrainingOptions { Loss = new SpocoLossOptions { Supervision = Supervision.Sparse } });
        _batch = new TrainingBatch(Net.Input);
        var random = new RandomSource(1);
        for (var i = 0; i < _batch.ViewF.Length; i++)
            (_batch.ViewF[i], _batch.ViewG[i]) = ((float)random.NextGaussian(), (float)random.NextGaussian());
        LabelStripes(_batch.Labels, Net.Input);
        var output = Net.Input.WithChannels(_model.EmbeddingNet.Options.OutputChannels);
        _gradient = Tensor.Filled(_device, output, 1f / output.Count);
        var count = _model.EmbeddingNet.Parameters.Values.Length;
        (_first, _second) = (_device.Allocate<float>(count, "Adam"), _device.Allocate<float>(count, "Adam"));
        _first.Clear();
        _second.Clear();
    }

    /// <summary>The networks alone.</summary>
    [Benchmark]
    public void NetworkStep()
    {
        using var scope = new TensorScope();
        var (f, g) = (_model.EmbeddingNet, _model.MomentumNet);
        var y = f.Forward(Tensor.From(_device, Net.Input, _batch.ViewF), training: true);
        Gradients.Backward(y, _gradient);
        using (Gradients.NoRecording())
            g.Forward(Tensor.From(_device, Net.Input, _batch.ViewG), training: true);
        Primitives.Adam.Step(f.Parameters.Values, f.Parameters.Gradients, _first, _second, new AdamSettings(), ++_step, follower: g.Parameters.Values);
        _device.Synchronize();
    }

    /// <summary>The whole step.</summary>
    [Benchmark]
    public double SpocoStep()
    {
        var loss = _trainer.Step(_batch).Loss;
        _device.Synchronize();
        return loss;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _gradient.Dispose();
        _first.Memory.Dispose();
        _second.Memory.Dispose();
        _trainer.Dispose();
        _model.Dispose();
        _device.Dispose();
    }

    /// <summary>Objects as stripes of rows that cover half of every image; the other half is unlabelled.</summary>
    private static void LabelStripes(int[] labels, TensorShape shape)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            var row = i / shape.W % shape.H;
            var stripe = row * 2 * ObjectsPerImage / shape.H;
            labels[i] = stripe % 2 == 0 ? stripe / 2 + 1 : 0;
        }
    }

    /// <summary>A network and its input.</summary>
    public sealed record Network(string Name, int Dimensions, int[] Maps, string Order, TensorShape Input) : IWorkload
    {
        /// <summary>Operations are not counted: what the step needs is what the peers' tables give in milliseconds.</summary>
        public Work Of(string benchmark) => default;

        public override string ToString() => Name;
    }
}
