using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums over all elements, in a fixed order of blocks: the same bits every time, and errors that grow with the length of a block, not of the buffer.
/// </summary>
public static class Reduction
{
    /// <summary>y = factor sum of x.</summary>
    /// <param name="x">Values.</param>
    /// <param name="y">Result, one element; not fetched from the device.</param>
    /// <param name="factor">Multiplies the sum.</param>
    /// <exception cref="ArgumentException">y has not one element, or is on another device.</exception>
    public static void Sum(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor = 1)
    {
        if (y.Length != 1 || y.Device != x.Device)
            throw new ArgumentException($"Reduction: the result is one element on {x.Device.Name}, got {y.Length} on {y.Device.Name}.");
        if (x.Device is HostDevice host)
            y.Span[0] = (float)(factor * ReductionHost.Sum(host, x));
        else
            ReductionSimt.Sum((IlgpuDevice)x.Device, x, y, (float)factor, ofSquares: false);
    }

    /// <summary>
    /// Sum of x^2, fetched from the device; its root is the norm of a gradient. On GPUs it is summed in single precision: infinite from 3.4e38 on.
    /// </summary>
    public static double SumOfSquares(DeviceBuffer<float> x)
    {
        if (x.Device is HostDevice host)
            return ReductionHost.SumOfSquares(host, x);
        var y = x.Device.Allocate<float>(1, nameof(Reduction));
        using var memory = y.Memory;
        ReductionSimt.Sum((IlgpuDevice)x.Device, x, y, 1, ofSquares: true);
        return y.ToArray()[0];
    }

    /// <summary>
    /// Whether any value is infinite or not a number, fetched from the device; one reading pass, on the host only up to the first one.
    /// </summary>
    /// <param name="x">Values.</param>
    /// <param name="largest">Values beyond minus and plus this count as infinite.</param>
    public static bool HasNonFinite(DeviceBuffer<float> x, float largest = float.MaxValue) => x.Device is HostDevice host
        ? ReductionHost.HasNonFinite(host, x, largest) : ReductionSimt.HasNonFinite((IlgpuDevice)x.Device, x, largest);

    /// <summary>y = factor x everywhere, from one value x on the device: the derivative of <see cref="Sum"/>.</summary>
    /// <exception cref="ArgumentException">x has not one element, or is on another device.</exception>
    public static void Broadcast(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor = 1)
    {
        if (x.Length != 1 || x.Device != y.Device)
            throw new ArgumentException($"Reduction: one element on {y.Device.Name} can be spread, got {x.Length} on {x.Device.Name}.");
        if (y.Device is IlgpuDevice device)
            device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, float>(ReductionSimt.Broadcast))(
                IlgpuDevice.Extent(y.Length, nameof(Reduction)), x.View, y.View, (float)factor);
        else
            Elementwise.Fill(y, (float)(factor * x.Span[0]));
    }
}
