using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Losses;

/// <summary>How often the host reads from a device in the evaluation of a loss, value and gradient, and how much it launches: what <see cref="SpocoLoss"/> says.</summary>
public sealed class LossTrafficTests
{
    private static readonly TensorShape Shape = new(2, 1, 40, 50, 9);

    [Test]
    public void An_evaluation_reads_once([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name, [Values] bool sparse, [Values] bool foreground)
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
        var loss = SpocoLoss.Apply(f, labels, options, g, seed: 2);
        Gradients.Backward(loss.Total);
        var launched = device.Traffic.Since(before);
        _ = loss.Mean;
        TestContext.Out.WriteLine($"{name}, sparse {sparse}, foreground {foreground}: {launched}");

        // What is reported, and that is asked for before the gradient; nothing is read in between, and nothing when somebody wants it.
        Assert.That((launched.Reads, device.Traffic.Since(before).Reads), Is.EqualTo((1, 1)));

        // Means (2), sums (2), terms, gradient, total, the number 1, the multiplication by it, and the addition to what the leaf has; anchors (2); foreground (3).
        Assert.That(launched.Launches, Is.LessThanOrEqualTo(10 + (sparse ? 2 : 0) + (foreground ? 3 : 0)));
    }

    [Test]
    public void Values_are_read_although_launches_follow([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        using var memory = device.Allocate<float>(5, "test").Memory;
        var buffer = new DeviceBuffer<float>(memory, 0, 5);
        buffer.CopyFrom([1, 2, 3, 4, 5]);
        var first = buffer.BeginRead();
        buffer.CopyFrom([6, 7, 8, 9, 10]);
        var second = buffer.BeginRead();
        Primitives.Elementwise.Fill(buffer, 11);
        var given = buffer.BeginRead();
        given.Dispose();
        Assert.That((first.Values, second.Values, buffer.ToArray()), Is.EqualTo((new float[] { 1, 2, 3, 4, 5 }, new float[] { 6, 7, 8, 9, 10 }, new float[] { 11, 11, 11, 11, 11 })));
        Assert.That(first.Values, Is.EqualTo(new float[] { 1, 2, 3, 4, 5 }), "a second time");
        Assert.That(() => given.Values, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Many_small_copies_arrive([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        using var memory = device.Allocate<int>(1000 * 3, "test").Memory;
        for (var i = 0; i < 1000; i++)
            new DeviceBuffer<int>(memory, 3 * i, 3).CopyFrom([i, -i, 7]);
        Assert.That(new DeviceBuffer<int>(memory, 0, 3000).ToArray(), Is.EqualTo(Enumerable.Range(0, 1000).SelectMany(i => (int[])[i, -i, 7])));
    }
}
