using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Segmentation;

/// <summary>What <see cref="WideAtomics"/> asks of a device.</summary>
public sealed class KeyAtomicsTests
{
    private const int Threads = 256;
    private const int Turns = 4000;

    /// <summary>
    /// Some threads raise keys whose halves belong together while the others read them: a load that saw the halves of two keys would show.
    /// </summary>
    [Test]
    public void Loads_of_64_bits_are_never_torn([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        if (!device.Capabilities.Atomics64)
            Assert.Ignore("The device has no 64-bit atomics: keys are raised in two passes over 32 bits.");
        var turns = name == "ilgpu-cpu" ? Turns / 100 : Turns;
        var keys = device.Allocate<ulong>(1, "test");
        var torn = device.Allocate<int>(1, "test");
        using var first = keys.Memory;
        using var second = torn.Memory;
        keys.CopyFrom([Of(0)]);
        torn.Clear();
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<ulong>, ArrayView<int>>(RaiseAndRead))(
            Threads, turns, keys.View, torn.View);
        Assert.That(torn.ToArray()[0], Is.Zero);
        Assert.That(keys.ToArray()[0], Is.EqualTo(Of((uint)(turns * Threads - 1))));
    }

    /// <summary>Every second thread raises, the others read.</summary>
    public static void RaiseAndRead(Index1D i, int turns, ArrayView<ulong> keys, ArrayView<int> torn)
    {
        for (var turn = 0; turn < turns; turn++)
        {
            if ((i.X & 1) != 0)
                Atomic.Max(ref keys[0], Of((uint)(turn * Threads + i.X)));
            var key = keys[0];
            if ((uint)key != ~(uint)(key >> 32))
                Atomic.Add(ref torn[0], 1);
        }
    }

    // The low half changes with the high half, and falls as it rises.
    private static ulong Of(uint number) => ((ulong)number << 32) | ~number;
}
