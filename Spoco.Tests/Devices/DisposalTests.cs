using Spoco.Kernels;

namespace Spoco.Tests.Devices;

public sealed class DisposalTests
{
    [Test]
    public void Memory_may_be_returned_after_its_device([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = OpenAnother(name);
        var buffers = Enumerable.Range(1, 4).Select(i => device.Allocate<float>(i * 50_000, "kept")).ToArray();
        device.Allocate<float>(1000, "returned before").Memory.Dispose();
        device.Dispose();
        buffers[0].Memory.Dispose();
        Task.Run(buffers[1].Memory.Dispose).Wait();
        device.Dispose();
        buffers[2].Memory.Dispose();
        buffers[3].Memory.Dispose();
        buffers[3].Memory.Dispose();
        Assert.That(device.Pool.Statistics is { LiveBlocks: 0, LiveBytes: 0, HeldBytes: 0 });
        device.Dispose();
    }

    [Test]
    public void Memory_may_be_returned_while_another_thread_disposes_the_device(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        for (var repeat = 0; repeat < 5; repeat++)
        {
            var device = OpenAnother(name);
            var buffers = Enumerable.Range(0, 300).Select(i => device.Allocate<float>(1 + i * 100, "kept")).ToArray();
            using var start = new Barrier(4);
            var tasks = Enumerable.Range(0, 4).Select(t => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                if (t < 2)
                    device.Dispose();
                for (var i = t; i < buffers.Length; i += 2)
                    buffers[i].Memory.Dispose();
            }, TaskCreationOptions.LongRunning)).ToArray();
            Task.WaitAll(tasks);
            Assert.That(device.Pool.Statistics is { LiveBlocks: 0, LiveBytes: 0, HeldBytes: 0 });
        }
    }

    [Test]
    public void Devices_that_nobody_disposed_end_their_threads()
    {
        var threads = OpenAndForget(10);
        Assert.That(threads, Has.Count.EqualTo(10 * 3));
        for (var wait = 0; wait < 100 && threads.Exists(t => t.IsAlive); wait++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }

        Assert.That(threads.Where(t => t.IsAlive), Is.Empty);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static List<Thread> OpenAndForget(int count)
        {
            var all = new List<Thread>();
            for (var i = 0; i < count; i++)
            {
                var device = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 4 });
                var at = new Thread[4];
                device.Workers.Run(4, new NoteThread(at));
                all.AddRange(at[1..]);
                device.Allocate<float>(1000, "returned").Memory.Dispose();
            }

            return all;
        }
    }

    [Test]
    public void Memory_that_nobody_can_return_is_counted_and_named()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, MemoryLimit = 8 << 20 });
        Forget(device);
        for (var wait = 0; wait < 100 && device.Pool.Statistics.LostBytes == 0; wait++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }

        Assert.That(device.Pool.Statistics is { LostBytes: 4 << 20, LiveBytes: 4 << 20 });
        Assert.That(() => device.Allocate<byte>(5 << 20, "next"),
            Throws.TypeOf<DeviceMemoryException>().With.Message.Contains("4 MiB of these were never returned: dispose tensors, or make them within a TensorScope."));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(ComputeDevice device) => device.Allocate<byte>(4 << 20, "forgotten");
    }

    [Test]
    public void A_disposed_device_gives_no_memory([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = OpenAnother(name);
        device.Allocate<float>(1000, "before").Memory.Dispose();
        device.Dispose();
        Assert.That(() => device.Allocate<float>(1000, "late"), Refused());
        Assert.That(() => device.Pool.Rent(1000, "late"), Refused());
        if (device is HostDevice host)
            Assert.That(() => host.Workspace(1000), Throws.TypeOf<ObjectDisposedException>());

        NUnit.Framework.Constraints.Constraint Refused() =>
            Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("late").And.Message.Contains(device.Name);
    }

    [Test]
    public void Memory_of_a_disposed_gpu_cannot_be_used([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = OpenAnother(name);
        var buffer = device.Allocate<int>(4, "orphan");
        device.Dispose();
        Assert.That(() => buffer.CopyFrom([1, 2, 3, 4]), Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("orphan"));
        Assert.That(device.Synchronize, Throws.TypeOf<ObjectDisposedException>().With.Message.Contains(device.Name));
        buffer.Memory.Dispose();
    }

    [Test]
    public void A_device_is_not_disposed_from_inside_its_kernels()
    {
        using var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        host.Workers.Run(2, new DisposeInside(host));
        host.Allocate<float>(4, "after").Memory.Dispose();
    }

    /// <summary>A second instance of a device that is there; the test is skipped where it is not.</summary>
    private static ComputeDevice OpenAnother(string name)
    {
        TestDevices.Open(name);
        return ComputeDevice.Open(name);
    }

    private readonly struct DisposeInside(HostDevice host) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => Assert.That(host.Dispose, Throws.InvalidOperationException);
    }

    private readonly struct NoteThread(Thread[] threads) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => threads[from] = Thread.CurrentThread;
    }
}
