using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>
/// Launches over rows of voxels. On ILGPU devices one thread group takes a row: a thread strides over its voxels and channels, and what it must know
/// about the row (image, slice, row) it works out once instead of once per element. On the host a worker takes a range of rows.
/// </summary>
internal static class RowLaunch
{
    /// <summary>Fewest values worth waking another worker for: below, the hand-over costs more than the work.</summary>
    public const int ValuesPerWorker = 16 * 1024;

    private const int MaximumThreads = 256;
    private const int WarpSize = 32;

    /// <summary>The launch of <paramref name="rows"/> groups with as many threads as a row of <paramref name="length"/> values can use.</summary>
    public static KernelConfig Of(IlgpuDevice device, long rows, long length, string operation)
    {
        var useful = (Math.Min(length, MaximumThreads) + WarpSize - 1) / WarpSize * WarpSize;
        return new KernelConfig(IlgpuDevice.Extent(rows, operation), (int)Math.Min(useful, device.Accelerator.MaxNumThreadsPerGroup));
    }

    /// <summary>Fewest rows of <paramref name="length"/> values worth waking another worker for.</summary>
    public static int MinimumPerWorker(long length) => (int)Math.Max(1, ValuesPerWorker / Math.Max(1, length));
}
