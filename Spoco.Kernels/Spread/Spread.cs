namespace Spoco.Kernels.Primitives;

/// <summary>Spreads a value per channel over all voxels, or a value per voxel over its channels: the gradients of <see cref="ChannelSum"/> and of <see cref="VoxelSum"/>.</summary>
internal static class Spread
{
    internal static readonly Chooser<SpreadAlgorithm, TensorShape> Chooser = new(nameof(Spread), new SpreadHost(), new SpreadSimt());

    /// <summary>y[v, c] = values_c.</summary>
    /// <param name="shape">Of y.</param>
    /// <param name="values">[C].</param>
    /// <param name="y">Overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void OverVoxels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y)
    {
        new Arguments(nameof(Spread), y.Device).Need(values, shape.C, "the values").Need(y, shape.Count, "the result");
        Chooser.For(y.Device, shape).OverVoxels(shape, values, y);
    }

    /// <summary>y[v, c] = values_v.</summary>
    /// <param name="shape">Of y.</param>
    /// <param name="values">[N D H W].</param>
    /// <param name="y">Overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void OverChannels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y)
    {
        new Arguments(nameof(Spread), y.Device).Need(values, shape.Voxels, "the values").Need(y, shape.Count, "the result");
        Chooser.For(y.Device, shape).OverChannels(shape, values, y);
    }
}
