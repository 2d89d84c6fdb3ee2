namespace Spoco.Kernels.Primitives;

/// <summary>Sums over all voxels, one per channel: the gradient of a bias.</summary>
internal static class ChannelSum
{
    internal static readonly Chooser<ChannelSumAlgorithm, TensorShape> Chooser = new(nameof(ChannelSum), new ChannelSumHost(), new ChannelSumSimt());

    /// <summary>sum_c = sum over images and voxels of x[.., c].</summary>
    /// <param name="shape">Of x.</param>
    /// <param name="x">Input.</param>
    /// <param name="sum">[C], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum)
    {
        new Arguments(nameof(ChannelSum), sum.Device).Need(x, shape.Count, "x").Need(sum, shape.C, "the sum");
        Chooser.For(sum.Device, shape).Forward(shape, x, sum);
    }
}
