namespace Spoco.Kernels.Primitives;

/// <summary>Sums over the channels, one per voxel.</summary>
internal static class VoxelSum
{
    internal static readonly Chooser<VoxelSumAlgorithm, TensorShape> Chooser = new(nameof(VoxelSum), new VoxelSumHost(), new VoxelSumSimt());

    /// <summary>sum_v = sum over the channels c of x[v, c].</summary>
    /// <param name="shape">Of x.</param>
    /// <param name="x">Input.</param>
    /// <param name="sum">[N D H W], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum)
    {
        new Arguments(nameof(VoxelSum), sum.Device).Need(x, shape.Count, "x").Need(sum, shape.Voxels, "the sum");
        Chooser.For(sum.Device, shape).Forward(shape, x, sum);
    }
}
