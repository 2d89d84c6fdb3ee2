using Spoco.Bench;
using Spoco.Bench.Runs;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>
/// How often a training step of the paper's networks asks an ILGPU device for anything. Launches are counted and not made, so that networks of full depth fit
/// a test: how many there are depends on no value.
/// </summary>
public sealed class StepTrafficTests
{
    [TestCase("UNet3D", 16, 16, 16, 150)]
    [TestCase("UNet2D 16", 1, 64, 64, 220)]
    public void A_step_asks_for_few_launches(string network, int depth, int height, int width, int most)
    {
        using var device = ComputeDevice.Open("ilgpu-cpu").Ilgpu;
        using var skipped = new SkippedLaunches(device);
        var net = TrainingStepBench.Find(network);
        using var calls = new TrainingStepCalls(device, net with { Input = net.Input with { N = 2, D = depth, H = height, W = width } });
        for (var step = 0; step < 2; step++)
        {
            var before = device.Traffic;
            calls.Spoco();
            var traffic = device.Traffic.Since(before);
            TestContext.Out.WriteLine($"{network}: {traffic}");
            Assert.That(traffic.Launches, Is.InRange(most / 2, most));
            Assert.That(traffic.Reads, Is.EqualTo(1), "the step waits once");
        }
    }
}
