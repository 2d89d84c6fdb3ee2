using System.Diagnostics;
using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>
/// One training step of a network on the host (f forward, backward, momentum update, g forward, Adam; no loss): milliseconds per phase and per kernel,
/// of the step that took the least processor time, and the memory it took; then a whole step with the sparse SPOCO loss.
/// </summary>
internal static class Breakdown
{
    public static int Run(string[] args)
    {
        var net = args is [var wanted, ..]
            ? TrainingStepBench.Networks.FirstOrDefault(n => n.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
                ?? throw new ArgumentException($"breakdown: no network is called {wanted}.")
            : TrainingStepBench.Networks.Last();
        var (repeats, threads) = (Number(args, 1, 3), Number(args, 2, Environment.ProcessorCount));
        Networks(net, repeats, threads);
        WithLoss(net, repeats, threads);
        return 0;
    }

    private static void Networks(TrainingStepBench.Network net, int repeats, int threads)
    {
        using var device = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        var options = new UNetOptions { Dimensions = net.Dimensions, InputChannels = net.Input.C, FeatureMaps = net.Maps, Order = net.Order };
        using var f = new UNet(device, options);
        using var g = new UNet(device, options, trained: false);
        f.Parameters.Initialise(1);
        g.Parameters.CopyFrom(f.Parameters);
        var step = new Step(device, f, g, net.Input);
        using var process = Process.GetCurrentProcess();
        var before = DateTime.Now - process.StartTime;
        var best = step.Run();
        var after = DateTime.Now - process.StartTime;
        Console.WriteLine($"{net}, {device.Workers.Workers} threads, {HostDevice.InstructionSet}; first step from {before.TotalSeconds:f2} s to "
            + $"{after.TotalSeconds:f2} s after the start of the process; peak {FmaPeak.Measure(device):f0} GFLOP/s");
        for (var i = 0; i < repeats; i++)
        {
            var result = step.Run();
            best = result.Processor < best.Processor ? result : best;
        }

        Console.WriteLine($"total {best.Total:f1} ms, processor time {best.Processor:f1} ms");
        foreach (var (phase, time) in best.Phases)
            Console.WriteLine($"  {phase,-40} {time,8:f1}");
        Console.WriteLine("kernels");
        foreach (var (kernel, time) in best.Kernels)
            Console.WriteLine($"  {kernel,-40} {time.TotalMilliseconds,8:f1}");
        Console.WriteLine($"  {"between kernels",-40} {best.Total - best.Kernels.Sum(k => k.Time.TotalMilliseconds),8:f1}");
        process.Refresh();
        Console.WriteLine($"peak RSS {process.PeakWorkingSet64 >> 20} MiB, pool peak {device.Pool.Statistics.PeakBytes >> 20} MiB, "
            + $"held {device.Pool.Statistics.HeldBytes >> 20} MiB, managed {best.Allocated >> 10} KiB a step");
    }

    private static void WithLoss(TrainingStepBench.Network net, int repeats, int threads)
    {
        var step = new TrainingStepBench { Device = "cpu", Net = net, Threads = threads };
        step.Setup();
        var (total, between) = (double.MaxValue, 0.0);
        (string Kernel, TimeSpan Time)[] loss = [];
        for (var i = 0; i <= repeats; i++)
        {
            var profile = step.Host!.Workers.Profile = new KernelProfile();
            var start = Stopwatch.GetTimestamp();
            step.SpocoStep();
            var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (time > total)
                continue;
            total = time;
            loss = [.. profile.Times.Where(t => t.Kernel.Contains("Loss", StringComparison.Ordinal))];
            between = time - profile.Times.Sum(t => t.Time.TotalMilliseconds);
        }

        var sum = loss.Sum(t => t.Time.TotalMilliseconds);
        Console.WriteLine($"with the sparse loss: total {total:f1} ms, its kernels {sum:f1} ms ({100 * sum / total:f1} %), between kernels {between:f1} ms");
        foreach (var (kernel, time) in loss)
            Console.WriteLine($"  {kernel,-40} {time.TotalMilliseconds,8:f1}");
        step.Cleanup();
    }

    private static int Number(string[] args, int index, int fallback) => args.Length > index && int.TryParse(args[index], out var n) && n > 0
        ? n
        : args.Length > index ? throw new ArgumentException($"breakdown: expected a positive number, got '{args[index]}'.") : fallback;

    private sealed record Result(
        double Total, double Processor, List<(string Phase, double Time)> Phases, IReadOnlyList<(string Kernel, TimeSpan Time)> Kernels, long Allocated);

    private sealed class Step
    {
        private readonly HostDevice _device;
        private readonly UNet _f;
        private readonly UNet _g;
        private readonly TensorShape _input;
        private readonly float[] _image;
        private readonly Tensor _gradient;
        private readonly DeviceBuffer<float> _first;
        private readonly DeviceBuffer<float> _second;
        private int _count;

        public Step(HostDevice device, UNet f, UNet g, TensorShape input)
        {
            (_device, _f, _g, _input) = (device, f, g, input);
            var random = new RandomSource(1);
            _image = new float[input.Count];
            for (var i = 0; i < _image.Length; i++)
                _image[i] = (float)random.NextGaussian();
            var output = input.WithChannels(f.Options.OutputChannels);
            _gradient = Tensor.Filled(device, output, 1f / output.Count);
            (_first, _second) = (device.Allocate<float>(f.Parameters.Values.Length, "Adam"), device.Allocate<float>(f.Parameters.Values.Length, "Adam"));
            _first.Clear();
            _second.Clear();
        }

        public Result Run()
        {
            var profile = _device.Workers.Profile = new KernelProfile();
            var phases = new List<(string, double)>();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var processor = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            var last = start;
            using (new TensorScope())
            {
                var y = _f.Forward(Tensor.From(_device, _input, _image), training: true);
                Note("f forward");
                Gradients.Backward(y, _gradient);
                Note("backward");
                Primitives.MomentumUpdate.Apply(_g.Parameters.Values, _f.Parameters.Values, 0.999f);
                Note("momentum update");
                using (Gradients.NoRecording())
                    _g.Forward(Tensor.From(_device, _input, _image), training: true);
                Note("g forward");
                Primitives.Adam.Step(_f.Parameters.Values, _f.Parameters.Gradients, _first, _second, new AdamSettings(), ++_count);
                Note("Adam");
            }

            var total = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            return new Result(total, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds, phases, profile.Times, GC.GetAllocatedBytesForCurrentThread() - allocated);

            void Note(string phase)
            {
                phases.Add((phase, Stopwatch.GetElapsedTime(last).TotalMilliseconds));
                last = Stopwatch.GetTimestamp();
            }
        }
    }
}
