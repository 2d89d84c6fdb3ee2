using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Sums over voxels on ILGPU devices: parts of the voxels first, then the parts in their order.</summary>
internal sealed class ChannelSumSimt : ChannelSumAlgorithm
{
    /// <summary>Fewest voxels worth a part of their own.</summary>
    private const int VoxelsPerPart = 512;

    private const int MostParts = 1024;

    /// <inheritdoc/>
    public override string Name => "parts";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum)
    {
        var (device, channels) = (sum.Device.Ilgpu, shape.C);
        IlgpuDevice.Extent(x.Length, nameof(ChannelSum));
        var voxels = (int)shape.Voxels;
        var parts = Math.Clamp(voxels / VoxelsPerPart, 1, MostParts);
        var partials = device.Allocate<float>((long)channels * parts, nameof(ChannelSum));
        using var memory = partials.Memory;
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, int, int, int>(SumVoxels))(
            channels * parts, x.View, partials.View, channels, voxels, (voxels + parts - 1) / parts);
        SumParts(device, partials, sum);
    }

    /// <summary>Sums copies of an array that lie one behind the other, the first one first.</summary>
    internal static void SumParts(IlgpuDevice device, DeviceBuffer<float> partials, DeviceBuffer<float> sum) =>
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, int>(SumParts))(
            (int)sum.Length, partials.View, sum.View, (int)(partials.Length / sum.Length));

    /// <summary>One thread per channel and part of the voxels; neighbours read neighbouring channels.</summary>
    private static void SumVoxels(Index1D i, ArrayView<float> x, ArrayView<float> partials, int channels, int voxels, int voxelsPerPart)
    {
        var c = i % channels;
        var first = i / channels * voxelsPerPart;
        var last = IntrinsicMath.Min(first + voxelsPerPart, voxels);
        var sum = 0f;
        for (var v = first; v < last; v++)
            sum += x[v * channels + c];
        partials[i] = sum;
    }

    /// <summary>One thread per value; part 0 first.</summary>
    internal static void SumParts(Index1D i, ArrayView<float> partials, ArrayView<float> sum, int parts)
    {
        var total = partials[i];
        for (var p = 1; p < parts; p++)
            total += partials[p * sum.IntLength + i];
        sum[i] = total;
    }
}
