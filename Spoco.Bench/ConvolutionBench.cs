using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Convolution 3x3(x3), padding 1, in each direction, on the layers of the 2D and 3D networks; and the final 1x1 convolutions.</summary>
public class ConvolutionBench
{
    private ComputeDevice _device = null!;
    private DeviceBuffer<float> _x, _weight, _y;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Layers))]
    public Layer Shape { get; set; } = null!;

    public static IEnumerable<Layer> Layers =>
    [
        new("3D 1->32, 40x64x64", new(1, 40, 64, 64, 1), 32),
        new("3D 32->64, 40x64x64", new(1, 40, 64, 64, 32), 64),
        new("3D 64->64, 40x64x64", new(1, 40, 64, 64, 64), 64),
        new("3D 128->128, 20x32x32", new(1, 20, 32, 32, 128), 128),
        new("3D 256->256, 10x16x16", new(1, 10, 16, 16, 256), 256),
        new("3D 192->64, 40x64x64", new(1, 40, 64, 64, 192), 64),
        new("3D 384->128, 20x32x32", new(1, 20, 32, 32, 384), 128),
        new("3D 768->256, 10x16x16", new(1, 10, 16, 16, 768), 256),
        new("2D 16->16, 448x448, batch 4", new(4, 1, 448, 448, 16), 16),
        new("2D 32->32, 224x224, batch 4", new(4, 1, 224, 224, 32), 32),
        new("2D 128->128, 56x56, batch 4", new(4, 1, 56, 56, 128), 128),
        new("2D 512->512, 14x14, batch 4", new(4, 1, 14, 14, 512), 512),
        new("3D 64->16, 40x64x64, 1x1x1", new(1, 40, 64, 64, 64), 16, Kernel: 1),
        new("2D 16->16, 448x448, batch 4, 1x1", new(4, 1, 448, 448, 16), 16, Kernel: 1),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        var random = new Random(1);
        _x = Fill(Shape.Geometry.Input);
        _weight = Fill(Shape.Geometry.Weight);
        _y = Fill(Shape.Geometry.Output);

        DeviceBuffer<float> Fill(TensorShape shape)
        {
            var values = new float[shape.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)random.NextDouble() - 0.5f;
            var buffer = _device.Allocate<float>(shape.Count, nameof(ConvolutionBench));
            buffer.CopyFrom(values);
            return buffer;
        }
    }

    [Benchmark]
    public void Forward()
    {
        Convolution.Forward(Shape.Geometry, _x, _weight, default, _y);
        _device.Synchronize();
    }

    [Benchmark]
    public void BackwardInput()
    {
        Convolution.BackwardInput(Shape.Geometry, _y, _weight, _x);
        _device.Synchronize();
    }

    [Benchmark]
    public void BackwardWeight()
    {
        Convolution.BackwardWeight(Shape.Geometry, _x, _y, _weight);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    /// <summary>A layer; the window covers slices where the input has several.</summary>
    public sealed record Layer(string Name, TensorShape Input, int OutputChannels, int Kernel = 3) : IWorkload
    {
        public ConvolutionShape Geometry { get; } = ConvolutionShape.Create(
            Input,
            new TensorShape(Input.D == 1 ? 1 : Kernel, Kernel, Kernel, Input.C, OutputChannels),
            (Input.D == 1 ? 0 : Kernel / 2, Kernel / 2, Kernel / 2));

        public Work Of(string benchmark) =>
            new(Geometry.Operations, sizeof(float) * (double)(Geometry.Input.Count + Geometry.Weight.Count + Geometry.Output.Count));

        public override string ToString() => Name;
    }
}
