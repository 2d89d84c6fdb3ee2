using Spoco.Bench.Runs;
using Spoco.Cli;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// The most memory that a training step with the sparse SPOCO loss takes of a GPU with matrix units, parameters and moments of the optimiser included, by precision and batch: on ILGPU's
/// simulator with launches that do nothing, which takes the same buffers. Needs no GPU.
/// </summary>
internal static class StepMemory
{
    /// <summary>Of an H100 or A100, less what driver and kernels take.</summary>
    private const double Card = 79e9;

    public static void Run(TrainingStepBench.Network net)
    {
        foreach (var precision in (Precision[])[Precision.TF32, Precision.BF16])
        {
            var (one, two) = (Peak(net with { Input = net.Input with { N = 1 } }, precision), Peak(net with { Input = net.Input with { N = 2 } }, precision));
            var own = Peak(net, precision);
            var images = Math.Min(1 + (long)((Card - one) / (two - one)), int.MaxValue / (net.Input.VoxelsPerImage * net.Maps[0]));
            Terminal.Result(FormattableString.Invariant(
                $"{net}, {precision}: {own / 1024.0 / 1024:f0} MiB for a batch of {net.Input.N}; {(two - one) / 1024.0 / 1024:f0} MiB more an image; {images} images in {Card / 1e9:f0} GB"));
        }
    }

    /// <summary>Bytes of the third step: a network's buffers are all there from the second on.</summary>
    internal static long Peak(TrainingStepBench.Network net, Precision precision)
    {
        using var device = ComputeDevice.Open("ilgpu-cpu", new ComputeDeviceOptions { Precision = precision }).Ilgpu;
        using var skipped = new SkippedLaunches(device);
        device.Assume(device.Capabilities with
        {
            GroupThreads = 1024, SharedMemory = 48 << 10, MatrixUnits = MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32,
        });
        using var model = new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = net.Dimensions, InputChannels = net.Input.C, FeatureMaps = net.Maps, Order = net.Order },
        });
        model.Initialise(1);
        using var trainer = new SpocoTrainer(model, new TrainingOptions { Loss = new SpocoLossOptions { Supervision = Supervision.Sparse } });
        var batch = TrainingStepCalls.Batch(net.Input);
        for (var step = 0; step < 3; step++)
        {
            device.Pool.ResetPeak();
            trainer.Step(batch);
        }

        return device.Pool.Statistics.PeakBytes;
    }
}
