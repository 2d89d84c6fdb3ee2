using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary><see cref="TensorFloat32"/> against its definition: numbers m 2^(e-10) with a whole m below 2^11 and the exponents of single precision.</summary>
internal sealed class TensorFloat32Tests
{
    /// <summary>2^128, from which on a number is infinite.</summary>
    private static readonly double Beyond = Math.ScaleB(1, 128);

    /// <summary>Every pattern of the bits that are seen and the highest three that are not, with the lowest ones near 0 and near all; and random ones.</summary>
    private static IEnumerable<uint> Patterns
    {
        get
        {
            foreach (var low in (uint[])[0, 1, 0x3FF])
            {
                for (uint high = 0; high < 1 << 22; high += 1)
                    yield return (high << 10) | low;
            }

            var random = new Random(5);
            for (var i = 0; i < 1_000_000; i++)
                yield return (uint)random.NextInt64(1L << 32);
        }
    }

    [Test]
    public void Rounding_gives_the_nearest_number_and_of_two_the_larger_one()
    {
        foreach (var bits in Patterns)
        {
            var value = BitConverter.UInt32BitsToSingle(bits);
            var rounded = TensorFloat32.Round(value);
            Require(rounded, Nearest(value), bits, nameof(TensorFloat32.Round));
            if ((rounded & 0x1FFF) != 0)
                Assert.Fail($"{bits:x8}: {rounded:x8} has bits that are not seen.");
        }
    }

    [Test]
    public void Cutting_gives_the_nearest_number_towards_zero()
    {
        foreach (var bits in Patterns)
        {
            // Of a NaN, the bits that are seen may be those of infinity; what is not seen is NaN then.
            var value = BitConverter.UInt32BitsToSingle(bits);
            if (float.IsNaN(value))
                continue;
            var expected = float.IsInfinity(value) ? value : Math.CopySign(Math.Floor(Math.Abs(value) / Unit(value)) * Unit(value), value);
            Require(BitConverter.SingleToInt32Bits(TensorFloat32.Cut((int)bits)), expected, bits, nameof(TensorFloat32.Cut));
        }
    }

    [Test]
    public void The_rest_is_what_cutting_leaves_rounded()
    {
        foreach (var bits in Patterns)
        {
            var value = BitConverter.UInt32BitsToSingle(bits);
            if (float.IsFinite(value))
                Require(BitConverter.SingleToInt32Bits(TensorFloat32.Rest((int)bits)), Nearest(value - TensorFloat32.Cut((int)bits)), bits, nameof(TensorFloat32.Rest));
        }
    }

    /// <summary>So that a product of both with any number but 0 is NaN again, or infinite.</summary>
    [Test]
    public void Upper_part_and_rest_of_what_is_no_finite_number_are_none_together()
    {
        foreach (var bits in Patterns.Where(bits => (bits & 0x7F800000) == 0x7F800000))
        {
            var sum = TensorFloat32.Cut((int)bits) + TensorFloat32.Rest((int)bits);
            if (float.IsNaN(BitConverter.UInt32BitsToSingle(bits)) ? !float.IsNaN(sum) : float.IsFinite(sum))
                Assert.Fail($"{bits:x8}: {sum}");
        }
    }

    [TestCase(0x80000000u, 0x80000000u, "negative zero")]
    [TestCase(0x00000FFFu, 0x00000000u, "below the least number")]
    [TestCase(0x00001000u, 0x00002000u, "half of the least number")]
    [TestCase(0x007FFFFFu, 0x00800000u, "the largest subnormal number")]
    [TestCase(0x3F800FFFu, 0x3F800000u, "below half")]
    [TestCase(0x3F801000u, 0x3F802000u, "half")]
    [TestCase(0xBF801000u, 0xBF802000u, "half below 0")]
    [TestCase(0x3FFFF000u, 0x40000000u, "into the next power of two")]
    [TestCase(0x7F7FEFFFu, 0x7F7FE000u, "the largest number that stays finite")]
    [TestCase(0x7F7FF000u, 0x7F800000u, "beyond it")]
    [TestCase(0xFF800000u, 0xFF800000u, "infinity")]
    [TestCase(0x7F800001u, 0x7FC00000u, "a NaN that would be seen as infinity")]
    [TestCase(0xFFFFFFFFu, 0x7FC00000u, "a NaN that would be rounded into zero")]
    public void Numbers_at_the_edges(uint bits, uint expected, string what) =>
        Assert.That((uint)TensorFloat32.Round(BitConverter.UInt32BitsToSingle(bits)), Is.EqualTo(expected), what);

    /// <summary>Distance of neighbouring numbers around a value.</summary>
    private static double Unit(float value) => Math.ScaleB(1, (value == 0 ? -126 : Math.Max(Math.ILogB(value), -126)) - 10);

    private static double Nearest(float value)
    {
        if (!float.IsFinite(value))
            return value;
        var rounded = Math.Floor(Math.Abs(value) / Unit(value) + 0.5) * Unit(value);
        return Math.CopySign(rounded >= Beyond ? double.PositiveInfinity : rounded, value);
    }

    private static void Require(int bits, double expected, uint of, string what)
    {
        double actual = BitConverter.Int32BitsToSingle(bits);
        if (!(actual == expected && double.IsNegative(actual) == double.IsNegative(expected)) && !(double.IsNaN(actual) && double.IsNaN(expected)))
            Assert.Fail($"{what} of {of:x8} is {actual:g9}, expected {expected:g9}");
    }
}
