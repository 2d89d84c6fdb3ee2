using Spoco.Tests.Kernels;

namespace Spoco.Tests.Ops;

/// <summary>What the tile kernels of convolutions become on NVIDIA GPUs.</summary>
public sealed class ConvolutionPtxTests
{
    [Test]
    public void Tiles_are_read_four_values_at_a_time(
        [Values("TileForward", "TileInputGradient", "TileWeightGradient")] string kernel, [Values("WideTile", "MiddleTile", "NarrowTile")] string layout)
    {
        var ptx = CompiledKernel.Of(KernelInstances.Named($"{kernel}.Kernel<{layout}>"), 90).Ptx;
        Assert.That(ptx, Does.Contain("ld.shared.v4"));
        Assert.That(ptx, Does.Not.Contain(".local"), "arrays or structs that are not in registers");
    }
}
