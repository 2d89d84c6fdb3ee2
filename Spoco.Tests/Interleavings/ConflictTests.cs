using Spoco.Kernels;

namespace Spoco.Tests.Interleavings;

/// <summary>Which places threads of one launch share without anything that orders their accesses: none but those that are argued for.</summary>
public sealed class ConflictTests
{
    [Test]
    public void On_the_host()
    {
        var found = new HashSet<Conflict>();
        using var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 5 });
        for (var seed = 0; seed < 60; seed++)
        {
            var player = new Player(seed, host: true, recordConflicts: true);
            host.Workers.Runner = player;
            MutexWatershedPlayTests.CheckSegments(seed, host);
            found.UnionWith(player.Memory.Conflicts);
        }

        foreach (var c in found.OrderBy(c => c.Launch))
            TestContext.Out.WriteLine(c);
    }

    [Test]
    public void On_devices()
    {
        var found = new HashSet<Conflict>();
        using var device = new PlayedDevice();
        for (var seed = 0; seed < 60; seed++)
        {
            device.Player = new Player(seed, host: false, recordConflicts: true);
            MutexWatershedPlayTests.CheckSegments(seed, device.Device);
            found.UnionWith(device.Player.Memory.Conflicts);
        }

        foreach (var c in found.OrderBy(c => c.Launch))
            TestContext.Out.WriteLine(c);
    }
}
