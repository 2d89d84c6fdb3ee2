using System.Collections.Concurrent;
using Spoco.Kernels;
using Spoco.Tests.Interleavings;

namespace Spoco.Tests;

/// <summary>The devices that every operation is tested on; one instance of each per process, because loading kernels is slow.</summary>
public static class TestDevices
{
    /// <summary>Names for <c>[TestCaseSource]</c> or <c>[ValueSource]</c>. A test on a device that is absent is skipped with the reason.</summary>
    public static readonly string[] All = ["cpu", "ilgpu-cpu", "opencl:0", "cuda:0"];

    private static readonly ConcurrentDictionary<string, (ComputeDevice? Device, string Problem)> Opened = new();

    /// <summary>Whether a missing OpenCL device is a failure: set where the tests run under OpenCL on the CPU.</summary>
    public static bool OpenCLRequired => Environment.GetEnvironmentVariable("SPOCO_REQUIRE_OPENCL") == "1";

    /// <summary>Set where kernels of the simulator are to be played: the seed.</summary>
    private static int? PlaySeed => int.TryParse(Environment.GetEnvironmentVariable("SPOCO_PLAY"), out var seed) ? seed : null;

    /// <summary>Fills the memory that the next kernels of the host device work in with NaN, so that what they read before they write it shows.</summary>
    public static unsafe void SpoilWorkspace(ComputeDevice device)
    {
        if (device is not HostDevice host)
            return;
        const int Bytes = 4 << 20;
        using var memory = host.Workspace(Bytes);
        new Span<float>((void*)memory.Block.Pointer, Bytes / sizeof(float)).Fill(float.NaN);
    }

    public static ComputeDevice Open(string name)
    {
        var (device, problem) = Opened.GetOrAdd(name, static n =>
        {
            try
            {
                return (n == "ilgpu-cpu" && PlaySeed is { } seed ? PlayedDevice.Open(seed) : ComputeDevice.Open(n), "");
            }
            catch (DeviceException e)
            {
                return (null, e.Message);
            }
        });
        if (device is not null)
            return device;
        if (OpenCLRequired && name.StartsWith("opencl", StringComparison.Ordinal))
            Assert.Fail($"SPOCO_REQUIRE_OPENCL=1, but: {problem}");
        Assert.Ignore($"No device {name.Split(':')[0]} on this machine.");
        throw new InvalidOperationException();
    }
}
