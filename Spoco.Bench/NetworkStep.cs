using System.Diagnostics;
using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Milliseconds of one <see cref="NetworkStep"/>, its processor time, and the managed bytes that it allocated.</summary>
internal sealed record StepResult(
    double Total, double Processor, List<(string Phase, double Time)> Phases, IReadOnlyList<(string Kernel, int Launches, TimeSpan Time)> Kernels, long Allocated);

/// <summary>One training step of a network on the host, without a loss: f forward, backward, g forward, Adam with the momentum update.</summary>
internal sealed class NetworkStep : IDisposable
{
    private readonly UNet _f;
    private readonly UNet _g;
    private readonly TensorShape _input;
    private readonly float[] _image;
    private readonly Tensor _gradient;
    private readonly DeviceBuffer<float> _first;
    private readonly DeviceBuffer<float> _second;
    private int _count;

    public NetworkStep(TrainingStepBench.Network net, int threads, AlgorithmRequest algorithms)
    {
        Device = algorithms.Watch(ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads, Algorithms = algorithms.Forced }));
        var options = new UNetOptions { Dimensions = net.Dimensions, InputChannels = net.Input.C, FeatureMaps = net.Maps, Order = net.Order };
        _f = new UNet(Device, options);
        _g = new UNet(Device, options, trained: false);
        _f.Parameters.Initialise(1);
        _g.Parameters.CopyFrom(_f.Parameters);
        _input = net.Input;
        var random = new RandomSource(1);
        _image = new float[_input.Count];
        for (var i = 0; i < _image.Length; i++)
            _image[i] = (float)random.NextGaussian();
        var output = _input.WithChannels(options.OutputChannels);
        _gradient = Tensor.Filled(Device, output, 1f / output.Count);
        var parameters = _f.Parameters.Values.Length;
        (_first, _second) = (Device.Allocate<float>(parameters, "Adam"), Device.Allocate<float>(parameters, "Adam"));
        _first.Clear();
        _second.Clear();
    }

    public ComputeDevice Device { get; }

    public void Dispose()
    {
        _f.Dispose();
        _g.Dispose();
        Device.Dispose();
    }

    public StepResult Run()
    {
        var profile = Device.Profile = new KernelProfile();
        var phases = new List<(string, double)>();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var processor = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var last = start;
        using (new TensorScope())
        {
            var y = _f.Forward(Tensor.From(Device, _input, _image), training: true);
            Note("f forward");
            Gradients.Backward(y, _gradient);
            Note("backward");
            using (Gradients.NoRecording())
                _g.Forward(Tensor.From(Device, _input, _image), training: true);
            Note("g forward");
            Primitives.Adam.Step(_f.Parameters.Values, _f.Parameters.Gradients, _first, _second, new AdamSettings(), ++_count, follower: _g.Parameters.Values);
            Note("Adam, momentum update");
        }

        var total = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var spent = (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds;
        return new StepResult(total, spent, phases, profile.Times, GC.GetAllocatedBytesForCurrentThread() - allocated);

        void Note(string phase)
        {
            phases.Add((phase, Stopwatch.GetElapsedTime(last).TotalMilliseconds));
            last = Stopwatch.GetTimestamp();
        }
    }
}
