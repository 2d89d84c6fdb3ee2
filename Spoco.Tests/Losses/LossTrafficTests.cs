using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Tests.Losses;

/// <summary>How often the host waits for a device in the evaluation of a loss, value and gradient: what <see cref="SpocoLoss"/> says.</summary>
public sealed class LossTrafficTests
{
    private static readonly TensorShape Shape = new(2, 1, 40, 50, 9);

    [Test]
    public void Waits_of_an_evaluation([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name, [Values] bool sparse, [Values] bool foreground)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        var shape = name == "ilgpu-cpu" ? Shape with { H = 10, W = 12 } : Shape;
        using var scope = new TensorScope();
        var random = new Random(1);
        var f = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)).WithGradient();
        var g = sparse ? Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)) : null;
        var numbers = Enumerable.Range(0, (int)shape.Voxels).Select(i => i / 5 % 3 == 0 ? 0 : 1 + i / 5 % 7).ToArray();
        using var labels = LabelBatch.From(shape.WithChannels(1), numbers);
        var options = new SpocoLossOptions { Supervision = sparse ? Supervision.Sparse : Supervision.Full, ForegroundChannel = foreground };
        Gradients.Backward(SpocoLoss.Apply(f, labels, options, g, seed: 2).Total);

        var before = device.Traffic;
        Gradients.Backward(SpocoLoss.Apply(f, labels, options, g, seed: 2).Total);
        var reads = device.Traffic.Since(before).Reads;

        // Means, sums over masks, the number that arrives; anchors of f and of g; the foreground.
        Assert.That(reads, Is.EqualTo(3 + (sparse ? 2 : 0) + (foreground ? 1 : 0)));
    }
}
