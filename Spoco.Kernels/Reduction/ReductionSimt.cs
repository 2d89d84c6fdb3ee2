using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Reductions on ILGPU devices: thread groups stride over the values, one more group joins their sums; without atomics.</summary>
internal sealed class ReductionSimt : ReductionAlgorithm
{
    private const int MaximumGroups = 1024;
    private const int ValuesPerThread = 8;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long count) => !device.OnHost;

    /// <inheritdoc/>
    public override void Sum(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor) => Sum(x, y, (float)factor, ofSquares: false);

    /// <inheritdoc/>
    public override double SumOfSquares(DeviceBuffer<float> x)
    {
        var y = x.Device.Allocate<float>(1, nameof(Reduction));
        using var memory = y.Memory;
        Sum(x, y, 1, ofSquares: true);
        return y.ToArray()[0];
    }

    /// <inheritdoc/>
    public override void NoteNonFinite(DeviceBuffer<float> x, DeviceBuffer<int> found, float largest)
    {
        var device = x.Device.Ilgpu;
        device.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, ArrayView<int>, float>(FindNonFinite))(
            Config(device, x.Length), x.View, found.View, largest);
    }

    /// <inheritdoc/>
    public override void Broadcast(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, float>(Broadcast))(
            IlgpuDevice.Extent(y.Length, nameof(Reduction)), x.View, y.View, (float)factor);

    private static void Sum(DeviceBuffer<float> x, DeviceBuffer<float> y, float factor, bool ofSquares)
    {
        var device = x.Device.Ilgpu;
        var config = Config(device, x.Length);
        var partials = device.Allocate<float>(config.GridDim.X, nameof(Reduction));
        using var memory = partials.Memory;
        Launch(x, partials, config, 1, ofSquares);
        Launch(partials, y, new KernelConfig(1, config.GroupDim.X), factor, squares: false);

        void Launch(DeviceBuffer<float> values, DeviceBuffer<float> sums, KernelConfig groups, float scale, bool squares) =>
            device.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, ArrayView<float>, float, int>(SumGroups))(
                groups, values.View, sums.View, scale, squares ? 1 : 0);
    }

    private static KernelConfig Config(IlgpuDevice device, long length)
    {
        var threads = GroupSum.Size(device);
        return new KernelConfig((int)Math.Clamp(length / (threads * ValuesPerThread), 1, MaximumGroups), threads);
    }

    /// <summary>y_group = factor times the sum of every so many values, or of their squares.</summary>
    private static void SumGroups(ArrayView<float> x, ArrayView<float> y, float factor, int ofSquares)
    {
        var sum = 0f;
        for (var i = (long)Grid.IdxX * Group.DimX + Group.IdxX; i < x.Length; i += (long)Grid.DimX * Group.DimX)
        {
            var value = x[i];
            sum += ofSquares != 0 ? value * value : value;
        }

        sum = GroupReduction.ToFirst(sum, default(NumberSum));
        if (Group.IdxX == 0)
            y[Grid.IdxX] = sum * factor;
    }

    /// <summary>Every thread that finds one writes the same 1.</summary>
    private static void FindNonFinite(ArrayView<float> x, ArrayView<int> found, float largest)
    {
        for (var i = (long)Grid.IdxX * Group.DimX + Group.IdxX; i < x.Length; i += (long)Grid.DimX * Group.DimX)
        {
            if (!(XMath.Abs(x[i]) <= largest))
                found[0] = 1;
        }
    }

    private static void Broadcast(Index1D i, ArrayView<float> x, ArrayView<float> y, float factor) => y[i] = factor * x[0];
}
