using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Units of the networks, group norm + convolution + ReLU, of an encoder and, with a map that is enlarged and joined, of a decoder.</summary>
public class NormConvolutionBench
{
    private ComputeDevice _device = null!;
    private Tensor _x = null!, _gamma = null!, _beta = null!, _weight = null!, _dy = null!;
    private Tensor? _small;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Units))]
    public Unit Shape { get; set; } = null!;

    public static IEnumerable<Unit> Units =>
    [
        new("3D 64->64, 40x64x64", new(1, 40, 64, 64, 64), 0, 64),
        new("3D 64+128->64, 40x64x64", new(1, 40, 64, 64, 64), 128, 64),
        new("3D 128+256->128, 20x32x32", new(1, 20, 32, 32, 128), 256, 128),
        new("2D 16->16, 448x448, batch 4", new(4, 1, 448, 448, 16), 0, 16),
        new("2D 16+32->16, 448x448, batch 4", new(4, 1, 448, 448, 16), 32, 16),
        new("2D 128+256->128, 56x56, batch 4", new(4, 1, 56, 56, 128), 256, 128),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        var random = new Random(1);
        _x = Fill(Shape.Input);
        _small = Shape.SmallChannels > 0 ? Fill(Shape.Small) : null;
        _gamma = Fill(TensorShape.Vector(Shape.Weight.W));
        _beta = Fill(TensorShape.Vector(Shape.Weight.W));
        _weight = Fill(Shape.Weight);
        _dy = Fill(Shape.Input.WithChannels(Shape.Weight.C));

        Tensor Fill(TensorShape shape)
        {
            var values = new float[shape.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)random.NextDouble() - 0.5f;
            return Tensor.From(_device, shape, values).WithGradient();
        }
    }

    [Benchmark]
    public void Forward()
    {
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        Apply();
        _device.Synchronize();
    }

    [Benchmark]
    public void ForwardAndBackward()
    {
        using var scope = new TensorScope();
        Gradients.Backward(Apply(), _dy);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private Tensor Apply() => NormConvolution.Apply(_x, _small, _gamma, _beta, 8, _weight, ActivationFunction.Relu);

    /// <summary>A unit; the operations are those of the convolution of the joined tensor, three times with its gradients.</summary>
    public sealed record Unit(string Name, TensorShape Input, int SmallChannels, int OutputChannels) : IWorkload
    {
        public TensorShape Small => new(Input.N, Input.D == 1 ? 1 : Input.D / 2, Input.H / 2, Input.W / 2, SmallChannels);

        public TensorShape Weight => new(Input.D == 1 ? 1 : 3, 3, 3, Input.C + SmallChannels, OutputChannels);

        public Work Of(string benchmark)
        {
            var forward = 2.0 * Input.Voxels * Weight.Count;
            var bytes = sizeof(float) * ((double)Input.Count + (SmallChannels > 0 ? Small.Count : 0) + Weight.Count + Input.Voxels * OutputChannels);
            return benchmark == nameof(Forward) ? new Work(forward, bytes) : new Work(3 * forward, 3 * bytes);
        }

        public override string ToString() => Name;
    }
}
