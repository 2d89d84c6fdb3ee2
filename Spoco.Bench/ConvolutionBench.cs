using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Convolution 3x3(x3), padding 1, in each direction, on the layers of the 2D and 3D networks; and the final 1x1 convolutions.</summary>
public class ConvolutionBench
{
    private ComputeDevice _device = null!;
    private ConvolutionCalls _calls = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Layers))]
    public Layer Shape { get; set; } = null!;

    public static IEnumerable<Layer> Layers =>
    [
        new(new(1, 40, 64, 64, 1), 32),
        new(new(1, 40, 64, 64, 32), 64),
        new(new(1, 40, 64, 64, 64), 64),
        new(new(1, 20, 32, 32, 128), 128),
        new(new(1, 10, 16, 16, 256), 256),
        new(new(1, 40, 64, 64, 192), 64),
        new(new(1, 20, 32, 32, 384), 128),
        new(new(1, 10, 16, 16, 768), 256),
        new(new(4, 1, 448, 448, 16), 16),
        new(new(4, 1, 224, 224, 32), 32),
        new(new(4, 1, 56, 56, 128), 128),
        new(new(4, 1, 14, 14, 512), 512),
        new(new(1, 40, 64, 64, 64), 16, Kernel: 1),
        new(new(4, 1, 448, 448, 16), 16, Kernel: 1),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _calls = new ConvolutionCalls(_device, Shape);
    }

    [Benchmark]
    public void Forward()
    {
        _calls.Forward();
        _device.Synchronize();
    }

    [Benchmark]
    public void BackwardInput()
    {
        _calls.BackwardInput();
        _device.Synchronize();
    }

    [Benchmark]
    public void BackwardWeight()
    {
        _calls.BackwardWeight();
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _calls.Dispose();
        _device.Dispose();
    }

    /// <summary>A layer; the window covers slices where the input has several.</summary>
    public sealed record Layer(TensorShape Input, int OutputChannels, int Kernel = 3) : IWorkload
    {
        /// <summary>Worked out anew whenever it is asked for: a copy with another input has another one.</summary>
        internal ConvolutionShape Geometry => ConvolutionShape.Create(
            Input,
            new WeightShape(Input.D == 1 ? 1 : Kernel, Kernel, Kernel, Input.C, OutputChannels),
            (Input.D == 1 ? 0 : Kernel / 2, Kernel / 2, Kernel / 2));

        public Work Of(string benchmark) =>
            new(Geometry.Operations, sizeof(float) * (double)(Geometry.Input.Count + Geometry.Weight.Count + Geometry.Output.Count));

        public override string ToString() => $"{Extents.Dimensions(Input)} {Input.C}->{OutputChannels}, {Extents.Text(Input)}"
            + (Kernel > 1 ? "" : Input.D == 1 ? ", 1x1" : ", 1x1x1");
    }
}
