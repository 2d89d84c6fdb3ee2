using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The sum of terms on ILGPU devices: one group.</summary>
internal sealed class TermSumSimt : TermSumAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "group";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long values) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(DeviceBuffer<float> values, DeviceBuffer<float> weights, DeviceBuffer<float> total)
    {
        var gpu = total.Device.Ilgpu;
        gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>>(Sum))(
            (1, GroupSum.Size(gpu)), values.View, weights.View, total.View);
    }

    private static void Sum(ArrayView<float> values, ArrayView<float> weights, ArrayView<float> total)
    {
        var images = values.IntLength / weights.IntLength;
        var sum = 0f;
        for (var i = Group.IdxX; i < values.IntLength; i += Group.DimX)
            sum += weights[i / images] * values[i];
        sum = GroupReduction.ToFirst(sum, default(NumberSum));
        if (Group.IdxX == 0)
            total[0] = sum;
    }
}
