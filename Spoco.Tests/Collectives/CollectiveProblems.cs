using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Collectives;

/// <summary>Each collective operation once, on a device, against plain C#.</summary>
internal static class CollectiveProblems
{
    /// <summary>Devices that have collective operations.</summary>
    public static readonly string[] Devices = ["ilgpu-cpu", "opencl:0", "cuda:0"];

    /// <summary>None, one, tiles and their neighbours; on devices of another speed also tiles of tiles.</summary>
    public static IEnumerable<int> Lengths(string device) => device == "ilgpu-cpu"
        ? [0, 1, 9, 2047, 2048, 2049]
        : [0, 1, 2, 7, 255, 256, 257, 2047, 2048, 2049, 4096, 10_001, 2048 * 2048 - 1, 2048 * 2048, 2048 * 2048 + 4097];

    /// <summary>A few of everything.</summary>
    public static void Check(IlgpuDevice device, int seed, int length)
    {
        PrefixSumTests.Check(device, PrefixSumTests.Values(length, seed));
        CompactionTests.Check(device, 2, length / 2, i => (i * 7 + seed) % 3 == 0);
        RadixSortTests.Check(device, RadixSortTests.Keys(length, seed), 3, 6);
        SegmentedReductionTests.CheckRuns(device, seed, length);
        SegmentedReductionTests.CheckSegments(device, seed, length);
    }
}
