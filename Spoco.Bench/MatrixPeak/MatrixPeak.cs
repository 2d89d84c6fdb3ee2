using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>
/// The most operations per second that the matrix units of a device reach through <c>mma.sync</c>, with factors in registers: what shares of peak of a
/// <see cref="Precision"/> refer to. Factors are not 0, as a card that multiplies zeros takes less power and may run faster.
/// </summary>
internal static class MatrixPeak
{
    private const int GroupThreads = 256;
    private const int Warps = GroupThreads / 32;
    private const int Rounds = 256;

    /// <summary>Groups one after another on a multiprocessor, which has two at once.</summary>
    private const int GroupsPerMultiprocessor = 16;

    private const int Pitch = 40;

    /// <summary>Vectors of shared memory: 32 rows of 32 sums of every warp, with a gap.</summary>
    private const int Vectors = Warps * 32 * Pitch / 4;

    /// <summary>Threads, of which each gives a number.</summary>
    public static long Threads(ComputeDevice device) => (long)Groups(device) * GroupThreads;

    /// <summary>Operations of a run: two for each product. A step of a warp is 32 rows, 32 columns and 8 terms of four bytes, or 16 of two.</summary>
    public static double Operations(ComputeDevice device, Precision precision) =>
        2.0 * 32 * 32 * (precision == Precision.TF32 ? 8 : 16) * (Rounds + 1) * Warps * Groups(device);

    /// <summary>Runs.</summary>
    public static void Run(ComputeDevice device, Precision precision, DeviceBuffer<float> sums)
    {
        var config = new KernelConfig(Groups(device), GroupThreads);
        if (precision == Precision.TF32)
            device.Ilgpu.Kernel(static a => a.LoadStreamKernel<ArrayView<float>>(MultiplyKernel<TensorFloat32Operand>))(config, sums.View);
        else
            device.Ilgpu.Kernel(static a => a.LoadStreamKernel<ArrayView<float>>(MultiplyKernel<BrainFloat16Operand>))(config, sums.View);
    }

    private static int Groups(ComputeDevice device) => device.Ilgpu.Accelerator.NumMultiprocessors * GroupsPerMultiprocessor;

    /// <summary>For devices with matrix units alone: there a step without loads multiplies what was loaded last.</summary>
    internal static void MultiplyKernel<TOperand>(ArrayView<float> sums) where TOperand : unmanaged, IMatrixOperand
    {
        var operand = default(TOperand);
        var shared = SharedMemory.Allocate<Words>(Vectors);
        var tile = WarpTile.Zero(shared, default);
        var values = shared.Cast<float>();
        for (var i = Group.IdxX; i < 4 * Vectors; i += GroupThreads)
            values[i] = 1f / (1 + i);
        Group.Barrier();
        var place = 16 * (Group.IdxX % 32);
        tile.MultiplyWide(operand, shared, place, place + 512, place);
        for (var round = 0; round < Rounds; round++)
            operand.MultiplyWide();
        Group.Barrier();
        var (warp, lane) = (Group.IdxX / 32, Group.IdxX % 32);
        tile.StoreTo(values, (32 * warp + lane / 4) * Pitch + 2 * (lane % 4), Pitch, 2);
        Group.Barrier();
        sums[Grid.IdxX * GroupThreads + Group.IdxX] = values[warp * 32 * Pitch + lane];
    }
}
