using System.Reflection;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;
using Spoco.Tests.Interleavings;
using Spoco.Tests.Kernels;

namespace Spoco.Tests.Cuda;

/// <summary>The product on a CUDA device whose driver interprets kernels: its own way to a card, and ILGPU's, with all they do there but time.</summary>
public sealed class InterpretedDeviceTests
{
    [OneTimeSetUp]
    public void Require()
    {
        if (!DriverSetUp.IsInterpreted)
            Assert.Ignore("Kernels are interpreted where SPOCO_PTX=1.");
    }

    /// <summary>
    /// Every small check, and with them every kernel, as the text that a card's driver would be given: convolutions by matrix units first, then, as on cards without any, by the tiles of
    /// registers.
    /// </summary>
    [Test]
    public void Self_test_passes_and_launches_every_kernel()
    {
        var kernels = new HashSet<MethodInfo>();
        foreach (var algorithms in (string[])["", "Convolution=tiles,NormConvolution=tiles"])
        {
            var results = new List<SelfCheckResult>();
            var test = new SelfTest(() => RecordedLoader.Open(kernels, new ComputeDeviceOptions { Algorithms = algorithms }), kind => ComputeDevice.Open(kind == DeviceKind.Host ? "ilgpu-cpu" : "cpu"),
                device => SelfTest.Checks.Where(c => SelfTest.IsFor(c, device.Kind, device.Capabilities, quick: true) && (algorithms.Length == 0 || c.Operation.Contains("Convolution"))),
                TimeSpan.FromMinutes(5));
            test.Run(_ => { }, results.Add);
            Assert.That(CudaDriver.Fault, Is.Null);
            Assert.That(results.Where(r => !r.Passed).Select(r => $"{r.Operation} {r.Case}: {r.Problem}"), Is.Empty);
            Assert.That(results, Has.Count.EqualTo(SelfTest.Checks.Count(c => !c.IsLarge && (algorithms.Length == 0 || c.Operation.Contains("Convolution")))));
        }

        Assert.That(KernelPlayTests.Kernels().Except(kernels.Select(Player.NameOf)), Is.Empty, "kernels that no check launches");
        TestContext.Out.WriteLine($"{kernels.Count} of {KernelInstances.All.Count} instances; not launched: "
            + string.Join(", ", KernelInstances.All.Select(KernelInstances.NameOf).Except(kernels.Select(KernelInstances.NameOf)).Order(StringComparer.Ordinal)));
    }

    /// <summary>CUDA knows which device is meant by what is current to a thread, and a new one has nothing.</summary>
    [Test]
    public void A_thread_that_has_never_seen_the_device_copies_and_computes()
    {
        using var device = (IlgpuDevice)ComputeDevice.Open("cuda:0");
        var failures = new List<Exception>();
        foreach (var work in (Action[])[Upload, Read, Side, Release])
        {
            var thread = new Thread(() =>
            {
                try
                {
                    work();
                }
                catch (Exception e)
                {
                    failures.Add(e);
                }
            });
            thread.Start();
            thread.Join();
        }

        Assert.That(failures, Is.Empty);

        void Upload()
        {
            using var holdings = new Holdings();
            Assert.That(holdings.Upload<int>(device, [.. Enumerable.Range(0, 5000)], "test").ToArray(), Is.EqualTo(Enumerable.Range(0, 5000)));
        }

        void Read()
        {
            using var holdings = new Holdings();
            using var read = holdings.Upload<int>(device, [1, 2, 3], "test").BeginRead();
            Assert.That(read.Values, Is.EqualTo(new[] { 1, 2, 3 }));
        }

        void Side()
        {
            using var side = new SideBuffer(device, 3, "test");
            side.Begin([1, 2, 3]);
            side.Complete();
            Assert.That(side.Buffer.ToArray(), Is.EqualTo(new[] { 1f, 2f, 3f }));
        }

        void Release() => device.Allocate<float>(1 << 20, "test").Memory.Dispose();
    }

    /// <summary>Nothing is copied before it is waited for, so that a missing wait shows in every test here.</summary>
    [Test]
    public void The_driver_does_nothing_before_it_must()
    {
        using var device = (IlgpuDevice)ComputeDevice.Open("cuda:0");
        using var side = new SideBuffer(device, 3, "test");
        side.Begin([1, 2, 3]);
        Assert.That(side.Buffer.ToArray(), Is.Not.EqualTo(new[] { 1f, 2f, 3f }), "copied by a stream that nobody waited for");
        side.Complete();
        Assert.That(side.Buffer.ToArray(), Is.EqualTo(new[] { 1f, 2f, 3f }));
    }
}
