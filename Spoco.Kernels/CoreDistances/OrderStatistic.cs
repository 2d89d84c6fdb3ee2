using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>The k-th smallest of values on the host, by bisection of their bits: the bits of floats that are not negative order like integers.</summary>
internal static unsafe class OrderStatistic
{
    /// <summary>
    /// A value that at least <paramref name="k"/> of the values do not exceed, and how many do not. Either they are at most k + <paramref name="slack"/>, or the value is the k-th
    /// smallest itself.
    /// </summary>
    /// <param name="values">Values that are not negative; behind the last there is memory up to a multiple of 16, which is overwritten.</param>
    /// <param name="count">How many, at least k.</param>
    /// <param name="k">Rank, from 1.</param>
    /// <param name="slack">How many more are as good; 0 = the k-th smallest is wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Value, int Within) Of(float* values, int count, int k, int slack)
    {
        for (var i = count; i % Vector512<int>.Count != 0; i++)
            values[i] = float.PositiveInfinity;
        int least = int.MaxValue, greatest = 0;
        for (var i = 0; i < count; i++)
        {
            var bits = ((int*)values)[i];
            least = Math.Min(least, bits);
            greatest = Math.Max(greatest, bits);
        }

        var within = count;
        while (least < greatest && (slack == 0 || within > k + slack))
        {
            var middle = least + ((greatest - least) >> 1);
            var n = AtMost((int*)values, count, middle);
            if (n >= k)
                (greatest, within) = (middle, n);
            else
                least = middle + 1;
        }

        return (BitConverter.Int32BitsToSingle(greatest), within);
    }

    private static int AtMost(int* bits, int count, int limit)
    {
        var v = Vector512.Create(limit);
        var n = 0;
        for (var i = 0; i < count; i += Vector512<int>.Count)
            n += BitOperations.PopCount(Vector512.LessThanOrEqual(Vector512.Load(bits + i), v).ExtractMostSignificantBits());
        return n;
    }
}
