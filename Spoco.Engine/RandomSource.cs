using System.Numerics;

namespace Spoco.Engine;

/// <summary>The whole state of a <see cref="RandomSource"/>: what a checkpoint stores to continue with the same numbers.</summary>
/// <param name="A">Word 0.</param>
/// <param name="B">Word 1.</param>
/// <param name="C">Word 2.</param>
/// <param name="D">Word 3.</param>
public readonly record struct RandomState(ulong A, ulong B, ulong C, ulong D);

/// <summary>
/// Random numbers by xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021), seeded through SplitMix64.
/// <para>
/// <see cref="ForIndex"/> makes an independent stream for every (seed, iteration, item): what is drawn for an item depends on these three numbers
/// alone and not on what was drawn before, so that neither the order of threads nor a resumed run changes a bit.
/// </para>
/// </summary>
public sealed class RandomSource
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private ulong _a, _b, _c, _d;

    /// <summary>The stream of a seed.</summary>
    /// <param name="seed">Any number.</param>
    public RandomSource(long seed) => Expand(Mix((ulong)seed));

    private RandomSource()
    {
    }

    /// <summary>Everything the generator remembers; setting it continues exactly there.</summary>
    /// <exception cref="ArgumentException">All four words are 0, a state that yields only 0.</exception>
    public RandomState State
    {
        get => new(_a, _b, _c, _d);
        set
        {
            if (value == default)
                throw new ArgumentException("RandomSource: a state of four zeros yields only zeros.", nameof(value));
            (_a, _b, _c, _d) = (value.A, value.B, value.C, value.D);
        }
    }

    /// <summary>
    /// The stream of one item of one iteration: the xoshiro state is four SplitMix64 outputs from mix(mix(mix(seed) + iteration) + item).
    /// </summary>
    public static RandomSource ForIndex(long seed, long iteration, long item)
    {
        var source = new RandomSource();
        source.Expand(Mix(Mix(Mix((ulong)seed) + (ulong)iteration) + (ulong)item));
        return source;
    }

    /// <summary>A new stream seeded by the next number of this one.</summary>
    public RandomSource Split()
    {
        var source = new RandomSource();
        source.Expand(NextUInt64());
        return source;
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="from"/>, <paramref name="until"/>); <paramref name="from"/> where the two are equal.</summary>
    public double NextDouble(double from, double until) => from + (until - from) * NextDouble();

    /// <summary>True with the given probability.</summary>
    public bool NextBool(double probability = 0.5) => NextDouble() < probability;

    /// <summary>Uniform in 0 .. <paramref name="count"/> - 1, without bias (Lemire, "Fast Random Integer Generation in an Interval", 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public int NextInt(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var high = Math.BigMul(NextUInt64(), (ulong)count, out var low);
        if (low < (ulong)count)
        {
            var threshold = (0UL - (ulong)count) % (ulong)count;
            while (low < threshold)
                high = Math.BigMul(NextUInt64(), (ulong)count, out low);
        }

        return (int)high;
    }

    /// <summary>Normally distributed with mean 0 and deviation 1 (<see cref="Ziggurat"/>).</summary>
    public double NextGaussian() => Ziggurat.Next(this);

    /// <summary>Brings the values into a random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    private void Expand(ulong seed)
    {
        (_a, _b, _c, _d) = (Mix(seed), Mix(seed += Golden), Mix(seed += Golden), Mix(seed + Golden));
    }

    /// <summary>One output of SplitMix64 (Steele, Lea, Flood 2014), a bijection of 64 bits.</summary>
    private static ulong Mix(ulong x)
    {
        x += Golden;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
        x = (x ^ x >> 27) * 0x94D049BB133111EB;
        return x ^ x >> 31;
    }
}
