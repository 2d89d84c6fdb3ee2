using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine;

/// <summary>
/// Exact percentiles of values that may be too many for memory. The bits of floats, taken as integers, are ordered as the floats are: a first pass
/// counts them by their upper halves, a second one those with the right upper half by their lower halves.
/// </summary>
internal static class Percentiles
{
    private const int HalfBits = 16;
    private const int Halves = 1 << HalfBits;

    /// <summary>The values at two percentiles, the nearest of those that occur.</summary>
    /// <param name="blocks">Starts a pass over the values.</param>
    /// <param name="low">A percentile, 0 to 100.</param>
    /// <param name="high">Another one.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public static (float Low, float High) Of(Func<IEnumerable<float[]>> blocks, double low, double high, string name)
    {
        var upper = new long[Halves];
        var count = 0L;
        foreach (var block in blocks())
        {
            if (Primitives.FiniteNumbers.IndexOfOther(block) >= 0)
                throw new InputException($"Normalisation: {name} holds values that are infinite or not a number.");
            foreach (var value in block)
                upper[Key(value) >> HalfBits]++;
            count += block.Length;
        }

        var (halfOfLow, rankOfLow) = Find(upper, Rank(low, count));
        var (halfOfHigh, rankOfHigh) = Find(upper, Rank(high, count));
        var (lowerOfLow, lowerOfHigh) = (new long[Halves], new long[Halves]);
        foreach (var block in blocks())
        {
            foreach (var value in block)
            {
                var key = Key(value);
                if (key >> HalfBits == halfOfLow)
                    lowerOfLow[key & (Halves - 1)]++;
                if (key >> HalfBits == halfOfHigh)
                    lowerOfHigh[key & (Halves - 1)]++;
            }
        }

        return (Value((halfOfLow << HalfBits) | Find(lowerOfLow, rankOfLow).Place),
            Value((halfOfHigh << HalfBits) | Find(lowerOfHigh, rankOfHigh).Place));
    }

    private static long Rank(double percentile, long count) => (long)Math.Round(percentile / 100 * (count - 1));

    /// <summary>Where the value of a rank is counted, and its rank among those that are counted there.</summary>
    private static (uint Place, long Rank) Find(long[] counts, long rank)
    {
        var place = 0;
        for (; rank >= counts[place]; place++)
            rank -= counts[place];
        return ((uint)place, rank);
    }

    private static uint Key(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        return (uint)(bits ^ ((bits >> 31) | int.MinValue));
    }

    private static float Value(uint key) => BitConverter.Int32BitsToSingle((int)(key & 0x80000000) != 0 ? (int)(key & 0x7FFFFFFF) : (int)~key);
}
