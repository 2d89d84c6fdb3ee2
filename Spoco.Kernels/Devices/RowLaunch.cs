using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>
/// Launches of one thread group per row of voxels: a thread strides over the row's voxels and channels, and what it must know about the row
/// (image, slice, row) it works out once instead of once per element.
/// </summary>
internal static class RowLaunch
{
    private const int MaximumThreads = 256;
    private const int WarpSize = 32;

    /// <summary>The launch of <paramref name="rows"/> groups with as many threads as a row of <paramref name="length"/> values can use.</summary>
    public static KernelConfig Of(IlgpuDevice device, long rows, long length, string operation)
    {
        var useful = (Math.Min(length, MaximumThreads) + WarpSize - 1) / WarpSize * WarpSize;
        return new KernelConfig(IlgpuDevice.Extent(rows, operation), (int)Math.Min(useful, device.Accelerator.MaxNumThreadsPerGroup));
    }
}
