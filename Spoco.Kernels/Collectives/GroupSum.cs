using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums over many pixels on ILGPU devices in a fixed order, without atomics: every group leaves its sums in its own place, and a last kernel adds
/// the groups one after the other.
/// </summary>
internal static class GroupSum
{
    /// <summary>Threads of the largest group.</summary>
    public const int MaximalSize = 256;

    /// <summary>Threads of a group on a device.</summary>
    public static int Size(IlgpuDevice gpu) => Math.Min(MaximalSize, gpu.Accelerator.MaxNumThreadsPerGroup);

    /// <summary>Called by every thread of a group: adds each of the first <paramref name="count"/> of three values over the threads, and stores the sums at
    /// <paramref name="at"/>.</summary>
    public static void Store(float first, float second, float third, ArrayView<float> partials, long at, int count = 3)
    {
        var shared = SharedMemory.Allocate1D<float>(3 * MaximalSize);
        shared[Group.IdxX] = first;
        shared[MaximalSize + Group.IdxX] = second;
        shared[2 * MaximalSize + Group.IdxX] = third;
        Group.Barrier();

        // A sum to each of the first threads; a group may have fewer than three.
        for (var k = Group.IdxX; k < count; k += Group.DimX)
        {
            var sum = 0f;
            for (var i = 0; i < Group.DimX; i++)
                sum += shared[k * MaximalSize + i];
            partials[at + k] = sum;
        }
    }

    /// <summary>
    /// Called by every thread of a group, once its values are in shared memory: adds each of <paramref name="kinds"/> values over the threads, for all of them to read. Two barriers for any number
    /// of values, on every way through a kernel: compilers for processors multiply the code around barriers.
    /// </summary>
    /// <param name="values">Value of kind k and thread t at k <see cref="MaximalSize"/> + t.</param>
    /// <param name="kinds">Number of values of a thread.</param>
    /// <param name="totals">Receives a sum per kind.</param>
    public static void OfThreads(ArrayView<float> values, int kinds, ArrayView<float> totals)
    {
        Group.Barrier();
        for (var k = Group.IdxX; k < kinds; k += Group.DimX)
        {
            var sum = 0f;
            for (var t = 0; t < Group.DimX; t++)
                sum += values[k * MaximalSize + t];
            totals[k] = sum;
        }

        Group.Barrier();
    }

    /// <summary>Sum of <paramref name="count"/> values, with Kahan's correction.</summary>
    public static float Compensated(ArrayView<float> values, long at, int stride, int count)
    {
        var sum = 0f;
        var lost = 0f;
        for (var i = 0; i < count; i++)
        {
            var value = values[at + (long)i * stride] - lost;
            var next = sum + value;
            lost = next - sum - value;
            sum = next;
        }

        return sum;
    }

    /// <summary>Number <paramref name="i"/> of the sums over the blocks: partials are [rows, blocks, width].</summary>
    public static float OfBlocks(ArrayView<float> partials, int i, int blocks, int width) =>
        OfBlocks(partials, i, blocks, width, 0, 1);

    /// <summary>The part of it that every <paramref name="step"/>-th block has, from block <paramref name="first"/> on.</summary>
    public static float OfBlocks(ArrayView<float> partials, int i, int blocks, int width, int first, int step) =>
        Compensated(partials, ((long)(i / width) * blocks + first) * width + i % width, step * width, (blocks - first + step - 1) / step);
}
