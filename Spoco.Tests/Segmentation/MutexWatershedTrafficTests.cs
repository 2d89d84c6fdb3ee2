using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Segmentation;

/// <summary>A GPU does the work of a small image in less time than the host takes to ask for it: what a segmentation asks for is counted.</summary>
public sealed class MutexWatershedTrafficTests
{
    [TestCase(1, 448, 448, "opencl:0")]
    [TestCase(1, 448, 448, "cuda:0")]
    [TestCase(16, 64, 64, "opencl:0")]
    [TestCase(16, 64, 64, "cuda:0")]
    public void Few_launches_and_fewer_reads(int depth, int height, int width, string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        var cells = MutexWatershedEqualityTests.NoisyCells(depth, height, width, 8, seed: 3);
        var trace = new MutexTrace();
        MutexWatershed.Segment(cells, null, null, null, new MutexRun(device) { Trace = trace }, default);
        using var scratch = new DeviceScratch(device, "test");
        var (embeddings, labels) = (scratch.Upload<float>(cells.Data), scratch.Take<int>(cells.VoxelCount));

        var before = device.Traffic;
        MutexWatershed.FromEmbeddings(embeddings, depth, height, width, labels);
        var traffic = device.Traffic.Since(before);

        // The first round contracts the image, the others what the one before has left. A key is raised by two launches where a device has no 64-bit atomics.
        var rounds = trace.Rounds.Count;
        TestContext.Out.WriteLine($"{rounds} rounds: {traffic}");
        Assert.That(rounds, Is.GreaterThan(1));
        Assert.That(traffic.Launches, Is.LessThanOrEqualTo((device.Capabilities.Atomics64 ? 80 : 100) * rounds));
        Assert.That(traffic.Clears, Is.EqualTo(2 * rounds));
        Assert.That(traffic.Reads, Is.LessThanOrEqualTo(3 * rounds + 2));
        Assert.That(traffic.Writes, Is.EqualTo(3), "the channels, the numbers, the labels of the last round");
    }

    [Test]
    public void Labels_stay_on_the_device([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var (height, width) = name == "ilgpu-cpu" ? (7, 6) : (40, 31);
        var cells = MutexWatershedEqualityTests.NoisyCells(1, height, width, 4, seed: 4);
        var weights = Affinities.FromEmbeddings(cells, MutexWatershedOptions.SpocoOffsets(false), 2);
        byte[] mask = [.. Enumerable.Range(0, height * width).Select(i => (byte)(i % 7 == 0 ? 0 : 1))];
        var options = new MutexWatershedOptions { AttractiveReference = AttractiveReference.Max };
        using var holdings = new Holdings();
        var there = holdings.Upload<float>(device, weights, "test");
        var values = holdings.Upload<float>(device, cells.Data, "test");
        var foreground = holdings.Upload<byte>(device, mask, "test");
        var labels = holdings.Allocate<int>(device, height * width, "test");

        MutexWatershed.FromAffinities(there, 1, height, width, labels);
        Assert.That(labels.ToArray(), Is.EqualTo(SequentialMutexWatershed.FromAffinities(weights, 1, height, width)));
        MutexWatershed.FromAffinities(there, 1, height, width, labels, options, foreground);
        Assert.That(labels.ToArray(), Is.EqualTo(SequentialMutexWatershed.FromAffinities(weights, 1, height, width, options, mask)));
        MutexWatershed.FromEmbeddings(values, 1, height, width, labels, mask: foreground);
        Assert.That(labels.ToArray(), Is.EqualTo(MutexWatershed.FromEmbeddings(values, 1, height, width, mask: mask)));

        Assert.That(() => MutexWatershed.FromAffinities(there, 1, height, width, labels.Slice(1, 5)), Throws.ArgumentException.With.Message.Contains("5 labels"));
        Assert.That(() => MutexWatershed.FromEmbeddings(values.Slice(0, 5), 1, height, width, labels), Throws.ArgumentException.With.Message.Contains("do not fill"));
        using var elsewhere = ComputeDevice.Open("cpu");
        using var other = new Holdings();
        var far = other.Allocate<int>(elsewhere, height * width, "test");
        Assert.That(() => MutexWatershed.FromAffinities(there, 1, height, width, far), Throws.ArgumentException.With.Message.Contains("must be on the device"));
    }

    [Test]
    public void Channels_of_one_kind_or_none([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var offsets = MutexWatershedOptions.SpocoOffsets(false);
        var cells = MutexWatershedEqualityTests.NoisyCells(1, 5, 6, 4, seed: 4);
        foreach (var (count, attractive) in new[] { (0, 0), (2, 0), (2, 2), (1, 1) })
        {
            var options = new MutexWatershedOptions { Offsets = [.. offsets.Take(count)], AttractiveOffsets = attractive };
            var weights = Affinities.FromEmbeddings(cells, options.Offsets, 2);
            Assert.That(
                MutexWatershed.FromAffinities(weights, 1, 5, 6, options, device: device),
                Is.EqualTo(SequentialMutexWatershed.FromAffinities(weights, 1, 5, 6, options)), $"{count} offsets, {attractive} attractive");
            Assert.That(
                MutexWatershed.FromEmbeddings(cells, options, device: device).Data.Max(),
                Is.EqualTo(SequentialMutexWatershed.FromEmbeddings(cells, options).Data.Max()), $"{count} offsets, {attractive} attractive");
        }
    }

    [Test]
    public void What_is_not_finite_is_named([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var cells = MutexWatershedEqualityTests.NoisyCells(1, 5, 6, 4, seed: 4);
        var weights = Affinities.FromEmbeddings(cells, MutexWatershedOptions.SpocoOffsets(false), 2);
        using var holdings = new Holdings();
        var there = holdings.Upload<float>(device, weights, "test");
        var values = holdings.Upload<float>(device, cells.Data, "test");
        var labels = holdings.Allocate<int>(device, 30, "test");
        foreach (var wrong in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            values.CopyFrom([.. cells.Data[..50], wrong, .. cells.Data[51..]]);
            Assert.That(() => MutexWatershed.FromEmbeddings(values, 1, 5, 6, labels), Throws.ArgumentException.With.Message.Contains("value 2 of voxel 12"));
            var edge = 30 + 13;
            there.CopyFrom([.. weights[..edge], wrong, .. weights[(edge + 1)..]]);
            foreach (var reference in Enum.GetValues<AttractiveReference>())
                Assert.That(
                    () => MutexWatershed.FromAffinities(there, 1, 5, 6, labels, new MutexWatershedOptions { AttractiveReference = reference }),
                    Throws.ArgumentException.With.Message.Contains("finite"), $"{reference}");
        }
    }
}
