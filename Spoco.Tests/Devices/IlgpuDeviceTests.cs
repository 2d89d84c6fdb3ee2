using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Tests.Devices;

public sealed class IlgpuDeviceTests
{
    private static IlgpuDevice Simulator => (IlgpuDevice)TestDevices.Open("ilgpu-cpu");

    [Test]
    public void A_kernel_that_could_not_be_compiled_is_compiled_at_the_next_call()
    {
        var calls = 0;
        Func<Accelerator, Action> load = _ => ++calls == 1 ? throw new NotSupportedException("at first") : () => { };
        Assert.That(() => Simulator.Kernel(load), Throws.TypeOf<NotSupportedException>());
        var launcher = Simulator.Kernel(load);
        Assert.That(launcher, Is.Not.Null);
        Assert.That(Simulator.Kernel(load), Is.SameAs(launcher));
        Assert.That(calls, Is.EqualTo(2));
    }

    /// <summary>Kernels, copies and clears take the default stream; on CUDA it is not the null stream.</summary>
    [Test]
    public void Streams_are_the_devices_own([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name).Ilgpu;
        var stream = device.Accelerator.DefaultStream;
        Assert.That(stream, Is.Not.SameAs(device.SideStream));
        if (stream is ILGPU.Runtime.Cuda.CudaStream cuda)
            Assert.That((cuda.StreamPtr, ((ILGPU.Runtime.Cuda.CudaStream)device.SideStream).StreamPtr), Is.Not.EqualTo((nint.Zero, nint.Zero)));
    }

    /// <summary>Long copies, more of them than may be in flight: each arrives as it was when it was begun.</summary>
    [Test]
    public void Copies_that_are_not_waited_for_arrive([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        const int Length = 1 << 20;
        using var memory = device.Allocate<int>(Length, "test").Memory;
        using var sum = device.Allocate<int>(64, "test").Memory;
        var (buffer, firsts) = (new DeviceBuffer<int>(memory, 0, Length), new DeviceBuffer<int>(sum, 0, 64));
        var values = new int[Length];
        for (var i = 0; i < 64; i++)
        {
            Array.Fill(values, i);
            buffer.CopyFrom(values);
            buffer.Slice(Length - 1, 1).CopyTo(firsts.Slice(i, 1));
        }

        Assert.That(firsts.ToArray(), Is.EqualTo(Enumerable.Range(0, 64)));
    }

    [Test]
    public void A_kernel_may_ask_for_others_while_it_is_compiled()
    {
        var others = Enumerable.Range(0, 100).Select(i => (Func<Accelerator, Action>)(_ => () => GC.KeepAlive(i))).ToArray();
        Func<Accelerator, Action> load = _ => (Action)Delegate.Combine([.. others.Select(o => Simulator.Kernel(o))])!;
        var launcher = Simulator.Kernel(load);
        Assert.That(launcher.GetInvocationList(), Has.Length.EqualTo(100));
        Assert.That(Simulator.Kernel(load), Is.SameAs(launcher));
    }

    [Test]
    public void Threads_that_ask_at_once_get_the_same_kernel_compiled_once()
    {
        for (var repeat = 0; repeat < 50; repeat++)
        {
            var calls = new int[20];
            var loads = Enumerable.Range(0, calls.Length).Select(k => (Func<Accelerator, Action>)(_ =>
            {
                Interlocked.Increment(ref calls[k]);
                Thread.Yield();
                return () => GC.KeepAlive(k);
            })).ToArray();
            using var start = new Barrier(4);
            var launchers = new Action[4][];
            var threads = Enumerable.Range(0, 4).Select(t => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                launchers[t] = [.. loads.Select(l => Simulator.Kernel(l))];
            }, TaskCreationOptions.LongRunning)).ToArray();
            Task.WaitAll(threads);
            Assert.That(calls, Has.All.EqualTo(1));
            foreach (var other in launchers)
                Assert.That(other, Is.EqualTo(launchers[0]).And.All.Not.Null);
        }
    }

    [Test]
    public void A_disposed_device_compiles_nothing()
    {
        var device = (IlgpuDevice)ComputeDevice.Open("ilgpu-cpu");
        Func<Accelerator, Action> load = _ => () => { };
        device.Kernel(load);
        device.Dispose();
        Assert.That(() => device.Kernel(load), Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("ilgpu-cpu"));
    }
}
