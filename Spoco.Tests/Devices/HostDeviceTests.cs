using Spoco.Kernels;

namespace Spoco.Tests.Devices;

public sealed class HostDeviceTests
{
    [Test]
    public void The_workspace_stays_as_large_as_the_largest_of_threads_that_ask_at_once()
    {
        var devices = Enumerable.Range(0, 600).Select(_ => (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 })).ToArray();
        var (arrived, tooSmall) = (0, 0);
        Parallel.Invoke(() => Ask(1 << 20), () => Ask(1 << 21));
        Assert.That(tooSmall, Is.Zero);
        foreach (var host in devices)
        {
            using var memory = host.Workspace(1);
            Assert.That(memory.Block.Bytes, Is.EqualTo(1 << 21));
        }

        Array.ForEach(devices, d => d.Dispose());

        void Ask(long bytes)
        {
            for (var i = 0; i < devices.Length; i++)
            {
                Interlocked.Increment(ref arrived);
                while (Volatile.Read(ref arrived) < 2 * (i + 1))
                    Thread.SpinWait(1);
                using var memory = devices[i].Workspace(bytes);
                if (memory.Block.Bytes < bytes)
                    Interlocked.Increment(ref tooSmall);
            }
        }
    }

    [Test]
    public void Threads_take_and_return_memory_at_once()
    {
        using var host = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 500; i++)
            {
                var buffer = host.Allocate<int>(1 + i % 5 * 3000, $"thread {thread}");
                buffer.Span.Fill(thread);
                if (i % 50 == 0)
                    host.Pool.Trim();
                Assert.That(buffer.Span.IndexOfAnyExcept(thread), Is.EqualTo(-1));
                buffer.Memory.Dispose();
            }
        });
        Assert.That(host.Pool.Statistics is { LiveBlocks: 0, LiveBytes: 0 });
    }
}
