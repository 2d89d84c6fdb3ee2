using BenchmarkDotNet.Attributes;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Adam and the momentum update over all parameters of the 2D and the 3D network.</summary>
public class OptimizerBench
{
    private readonly AdamSettings _settings = new();
    private ComputeDevice _device = null!;
    private DeviceBuffer<float> _parameters, _gradients, _first, _second, _follower;
    private int _step;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Networks))]
    public Network Net { get; set; } = null!;

    public static IEnumerable<Network> Networks => [new("2D, 5.5 M", 5_500_000), new("3D, 16.3 M", 16_300_000)];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _parameters = New(0.1f);
        _gradients = New(0.01f);
        _first = New(0);
        _second = New(0);
        _follower = New(0);

        DeviceBuffer<float> New(float value)
        {
            var buffer = _device.Allocate<float>(Net.Length, nameof(OptimizerBench));
            Elementwise.Fill(buffer, value);
            return buffer;
        }
    }

    [Benchmark]
    public void AdamStep()
    {
        Adam.Step(_parameters, _gradients, _first, _second, _settings, ++_step);
        _device.Synchronize();
    }

    [Benchmark]
    public void AdamAndMomentum()
    {
        Adam.Step(_parameters, _gradients, _first, _second, _settings, ++_step, follower: _follower);
        _device.Synchronize();
    }

    [Benchmark]
    public void Momentum()
    {
        MomentumUpdate.Apply(_parameters, _gradients, 0.999);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    /// <summary>Adam reads and writes four values per parameter (it clears the gradient), the momentum update reads two and writes one; together five.</summary>
    public sealed record Network(string Name, int Length) : IWorkload
    {
        public Work Of(string benchmark) => benchmark switch
        {
            nameof(AdamStep) => new(14.0 * Length, 8.0 * sizeof(float) * Length),
            nameof(AdamAndMomentum) => new(17.0 * Length, 10.0 * sizeof(float) * Length),
            _ => new(3.0 * Length, 3.0 * sizeof(float) * Length),
        };

        public override string ToString() => Name;
    }
}
