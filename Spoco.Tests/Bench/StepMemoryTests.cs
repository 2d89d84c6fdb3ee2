using Spoco.Bench;
using Spoco.Kernels;

namespace Spoco.Tests.Bench;

/// <summary><see cref="StepMemory"/>: the table of docs/gpu.md.</summary>
public sealed class StepMemoryTests
{
    [TestCase("UNet3D", Precision.F32, 656)]
    [TestCase("UNet3D", Precision.TF32, 656)]
    [TestCase("UNet3D", Precision.BF16, 519)]
    [TestCase("UNet2D", Precision.TF32, 791)]
    [TestCase("UNet2D", Precision.BF16, 549)]
    public void Memory_is_that_of_the_page(string name, Precision precision, int expected)
    {
        var megabytes = StepMemory.Peak(TrainingStepBench.Find(name), precision) / 1024.0 / 1024;
        Assert.That(megabytes, Is.EqualTo(expected).Within(1).Percent);
        var page = File.ReadAllText(Path.Combine(ShownProgram.Project, "docs", "gpu.md"));
        Assert.That(page, Does.Contain($"| {expected} MiB |"));
    }
}
