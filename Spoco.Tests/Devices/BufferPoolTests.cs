using Spoco.Kernels;

namespace Spoco.Tests.Devices;

public sealed class BufferPoolTests
{
    [TestCase(0, 4096)]
    [TestCase(4096, 4096)]
    [TestCase(4097, 16384)]
    [TestCase(16385, 65536)]
    [TestCase(65537, 73728)]
    [TestCase(1_000_000, 1_048_576)]
    [TestCase(1_048_577, 1_179_648)]
    public void Small_sizes_share_classes_and_large_ones_are_rounded_up_by_an_eighth_at_most(long bytes, long expected) => Assert.That(BufferPool.RoundUp(bytes), Is.EqualTo(expected));

    [Test]
    public void Memory_is_used_again_and_counted([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        device.Allocate<float>(12345, "first").Memory.Dispose();
        var before = device.Pool.Statistics;
        for (var i = 0; i < 10; i++)
        {
            var buffer = device.Allocate<float>(12345, "again");
            Assert.That(device.Pool.Statistics.LiveBlocks, Is.EqualTo(before.LiveBlocks + 1));
            buffer.Memory.Dispose();
            buffer.Memory.Dispose();
        }

        var after = device.Pool.Statistics;
        Assert.That(after.DeviceAllocations, Is.EqualTo(before.DeviceAllocations));
        Assert.That((after.LiveBlocks, after.LiveBytes), Is.EqualTo((before.LiveBlocks, before.LiveBytes)));
    }

    [Test]
    public void Released_memory_cannot_be_used()
    {
        var buffer = TestDevices.Open("cpu").Allocate<float>(4, "short-lived");
        buffer.Memory.Dispose();
        Assert.That(() => buffer.CopyFrom([1, 2, 3, 4]), Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("short-lived"));
    }

    [Test]
    public void Windows_copy_clear_and_slice([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var buffer = device.Allocate<int>(7, "window");
        buffer.CopyFrom([1, 2, 3, 4, 5, 6, 7]);
        var slice = buffer.Slice(2, 3);
        Assert.That(slice.ToArray(), Is.EqualTo(new[] { 3, 4, 5 }));
        slice.Slice(1, 2).Clear();
        Assert.That(buffer.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 0, 0, 6, 7 }));
        buffer.Slice(0, 3).CopyTo(buffer.Slice(4, 3));
        Assert.That(buffer.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 0, 1, 2, 3 }));
        Assert.That(() => buffer.Slice(5, 3), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => buffer.CopyFrom([1]), Throws.ArgumentException);
        buffer.Memory.Dispose();
    }

    [Test]
    public void Out_of_memory_says_what_is_held()
    {
        using var device = ComputeDevice.Open("cpu");
        var held = device.Allocate<float>(1 << 20, "activations");
        Assert.That(() => device.Allocate<float>(1L << 50, "greedy"),
            Throws.TypeOf<DeviceMemoryException>().With.Message.Contains("greedy: device cpu is out of memory").And.Message.Contains("activations 4 MiB in 1"));
        held.Memory.Dispose();
    }
}
