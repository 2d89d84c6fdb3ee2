using Spoco.Kernels;

namespace Spoco.Tests.Threads;

/// <summary>
/// Numbers of threads that parallel parts are tested with on whatever machine: more threads than processors are stopped anywhere, between any two
/// instructions, for as long as others run.
/// </summary>
internal static class ThreadCounts
{
    public static readonly int[] All = [2, 3, 7, 16, 64];

    public static ComputeDevice Open(int threads) => ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads, Winograd = true });
}
