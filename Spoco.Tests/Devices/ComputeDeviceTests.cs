using Spoco.Kernels;

namespace Spoco.Tests.Devices;

public sealed class ComputeDeviceTests
{
    [TestCase("gpu")]
    [TestCase("cuda:x")]
    [TestCase("cuda:0:1")]
    [TestCase("cuda:-1")]
    [TestCase("")]
    public void Impossible_names_are_refused(string name) =>
        Assert.That(() => ComputeDevice.Open(name), Throws.TypeOf<DeviceException>().With.Message.Contains("is not a device name"));

    [TestCase("cuda:77")]
    [TestCase("opencl:77")]
    public void Absent_devices_are_named_with_those_there_are(string name) =>
        Assert.That(() => ComputeDevice.Open(name), Throws.TypeOf<DeviceException>().With.Message.Contains($"'{name}' does not exist").And.Message.Contains("cpu"));

    [Test]
    public void List_holds_the_host_and_says_why_others_cannot_be_used()
    {
        var devices = ComputeDevice.List();
        Assert.That(devices.Count(d => d.Name == "cpu" && d.Problem is null), Is.EqualTo(1));
        foreach (var kind in Enum.GetValues<DeviceKind>())
            Assert.That(devices.Any(d => d.Kind == kind && (d.Problem is not null || d.Name != "-")), $"{kind} is usable or explained");
    }

    [Test]
    public void OpenCL_is_there_where_it_is_required()
    {
        if (!TestDevices.OpenCLRequired)
            Assert.Ignore("SPOCO_REQUIRE_OPENCL is not set.");
        Assert.That(ComputeDevice.List().Any(d => d.Kind == DeviceKind.OpenCL && d.Problem is null));
    }

    [Test]
    public void Auto_opens_something()
    {
        using var device = ComputeDevice.Open();
        Assert.That(device.Kind, Is.Not.EqualTo(DeviceKind.IlgpuCpu));
    }

    [TestCase(0)]
    [TestCase(5000)]
    public void Impossible_thread_counts_are_refused(int threads) =>
        Assert.That(() => ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads }), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Devices_are_listed_and_opened_from_several_threads_at_once()
    {
        var listed = ComputeDevice.List();
        var names = listed.Where(d => d.Problem is null).Select(d => d.Name).ToArray();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            Assert.That(ComputeDevice.List(), Is.EqualTo(listed));
            using var device = ComputeDevice.Open(names[i % names.Length]);
            var buffer = device.Allocate<int>(3, "test");
            buffer.CopyFrom([i, 2, 3]);
            Assert.That(buffer.ToArray(), Is.EqualTo(new[] { i, 2, 3 }));
            buffer.Memory.Dispose();
        });
    }
}
