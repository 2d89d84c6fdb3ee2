using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Devices;

public sealed unsafe class HostScratchTests
{
    [Test]
    public void Workers_take_and_return_memory_at_once([Values(2, 7, 16)] int workers)
    {
        using var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = workers });
        var kept = new nint[workers];
        using (var scratch = new HostScratch(host, "test"))
        {
            scratch.Run(workers, (from, until, worker) =>
            {
                for (var i = 0; i < 2000; i++)
                {
                    var a = scratch.Take<int>(10);
                    var b = scratch.Take<int>(10);
                    (*a, *b) = (worker, i);
                    scratch.Return(a);
                    scratch.Return(b);
                }

                kept[worker] = (nint)scratch.Take<int>(1);
            }, 1);
            Assert.That(kept, Is.Unique);
            Assert.That(host.Pool.Statistics.LiveBlocks, Is.EqualTo(workers));
        }

        Assert.That(host.Pool.Statistics.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Memory_is_returned_once_however_many_return_it()
    {
        using var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 3 });
        using var scratch = new HostScratch(host, "test");
        for (var repeat = 0; repeat < 500; repeat++)
        {
            var memory = (nint)scratch.Take<int>(10);
            scratch.RunSegments(long.MaxValue, segment =>
            {
                if (segment == 2)
                    scratch.Dispose();
                else
                    scratch.Return((int*)memory);
            });
            Assert.That(host.Pool.Statistics.LiveBlocks, Is.Zero);
        }
    }

    [Test]
    public void A_worker_that_finds_no_memory_left_says_so_to_the_caller([Values(0, 1, 2)] int worker)
    {
        using var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 3, MemoryLimit = 1 << 20 });
        using var scratch = new HostScratch(host, "greedy");
        Assert.That(() => scratch.RunSegments(long.MaxValue, segment => scratch.Take<byte>(segment == worker ? 1 << 21 : 1)),
            Throws.TypeOf<DeviceMemoryException>().With.Message.Contains("greedy"));
    }
}
