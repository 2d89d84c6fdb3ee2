using Spoco.Tests.Kernels;

namespace Spoco.Tests.Ops;

/// <summary>What the kernels look like when they are compiled for CUDA, which needs no GPU.</summary>
public sealed class ConvolutionPtxTests
{
    [TestCase("Forward")]
    [TestCase("BackwardWeight")]
    public void Tiles_are_read_four_values_at_a_time(string name)
    {
        var ptx = CompiledKernel.Of(KernelInstances.Named($"ConvolutionSimt.{name}<Wide>"), 90).Ptx;
        Assert.That(ptx, Does.Contain("ld.shared.v4"));
        Assert.That(ptx, Does.Not.Contain(".local"), "arrays or structs that are not in registers");
    }
}
