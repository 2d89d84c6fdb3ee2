using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>How two values become one: associative.</summary>
internal interface IReductionOperator<T> where T : unmanaged
{
    /// <summary>What changes nothing; the result for no values.</summary>
    T Identity { get; }

    /// <summary>One value for two.</summary>
    T Combine(T first, T second);
}

/// <summary>The largest 64-bit key; 0 for none.</summary>
internal readonly struct LargestKey : IReductionOperator<ulong>
{
    /// <inheritdoc/>
    public ulong Identity => 0;

    /// <inheritdoc/>
    public ulong Combine(ulong first, ulong second) => IntrinsicMath.Max(first, second);
}

/// <summary>The sum of 32-bit integers.</summary>
internal readonly struct IntegerSum : IReductionOperator<int>
{
    /// <inheritdoc/>
    public int Identity => 0;

    /// <inheritdoc/>
    public int Combine(int first, int second) => first + second;
}

/// <summary>The sum of single-precision numbers.</summary>
internal readonly struct NumberSum : IReductionOperator<float>
{
    /// <inheritdoc/>
    public float Identity => 0;

    /// <inheritdoc/>
    public float Combine(float first, float second) => first + second;
}

/// <summary>
/// One value of those of all threads of a group, by a tree in shared memory: in each step the first half takes over the second, after a barrier. The order depends on the number of
/// threads alone, which may be any. Called by all threads of the group, equally often.
/// </summary>
internal static class GroupReduction
{
    /// <summary>The first thread gets the result, the others something. Once per kernel, or with a barrier between two uses.</summary>
    public static T ToFirst<T, TOperator>(T value, TOperator operation) where T : unmanaged where TOperator : unmanaged, IReductionOperator<T> =>
        ToFirstLane(value, Group.IdxX, Group.DimX, 1, operation);

    /// <summary>
    /// The same for several sequences at once, whose values lie <paramref name="step"/> threads apart: the thread of lane 0 of each gets its result. Threads beyond the lanes take part
    /// in the barriers.
    /// </summary>
    public static T ToFirstLane<T, TOperator>(T value, int lane, int lanes, int step, TOperator operation)
        where T : unmanaged where TOperator : unmanaged, IReductionOperator<T>
    {
        var shared = SharedMemory.Allocate1D<T>(GroupSum.MaximalSize);
        shared[Group.IdxX] = value;
        for (var active = lanes; active > 1;)
        {
            var half = (active + 1) / 2;
            Group.Barrier();
            if (lane + half < active)
                shared[Group.IdxX] = operation.Combine(shared[Group.IdxX], shared[Group.IdxX + half * step]);
            active = half;
        }

        return shared[Group.IdxX];
    }

    /// <summary>Every thread gets the result. Once per kernel, or with a barrier between two uses.</summary>
    public static T ToAll<T, TOperator>(T value, TOperator operation) where T : unmanaged where TOperator : unmanaged, IReductionOperator<T>
    {
        var result = SharedMemory.Allocate1D<T>(1);
        var first = ToFirst(value, operation);
        if (Group.IdxX == 0)
            result[0] = first;
        Group.Barrier();
        return result[0];
    }
}
