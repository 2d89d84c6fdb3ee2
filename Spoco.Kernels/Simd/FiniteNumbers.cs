using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Looks for values that are infinite or not a number.</summary>
internal static class FiniteNumbers
{
    /// <summary>Where the first such value is; -1 where there is none.</summary>
    public static int IndexOfOther(ReadOnlySpan<float> values)
    {
        var largest = new Vector<float>(float.MaxValue);
        var i = 0;
        while (i <= values.Length - Vector<float>.Count && Vector.LessThanOrEqualAll(Vector.Abs(new Vector<float>(values[i..])), largest))
            i += Vector<float>.Count;
        for (; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return i;
        }

        return -1;
    }
}
