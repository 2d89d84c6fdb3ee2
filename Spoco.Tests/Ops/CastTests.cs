using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>Casts between F32, BF16 and F16, and tensors of these types.</summary>
public sealed class CastTests
{
    [Test]
    public void All_numbers_of_16_bits_widen_exactly_and_narrow_back([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var all = Enumerable.Range(0, 1 << 16).Select(i => (ushort)i).ToArray();
        foreach (var type in (ElementType[])[ElementType.BF16, ElementType.F16])
        {
            var wide = Widen(device, type, all);
            for (var i = 0; i < all.Length; i++)
                Assert.That(Same(wide[i], Value(type, all[i])), $"{type} {all[i]:x4}: {wide[i]:g9}, expected {Value(type, all[i]):g9}");
            var back = Narrow(device, type, wide);
            for (var i = 0; i < all.Length; i++)
                Assert.That(back[i], Is.EqualTo(double.IsNaN(Value(type, all[i])) ? all[i] | Quiet(type) : all[i]), $"{type} {all[i]:x4}");
        }
    }

    /// <summary>Between the formats of 16 bits: as through single precision, where all numbers of both are exact.</summary>
    [Test]
    public void All_numbers_of_16_bits_change_their_format([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var all = Enumerable.Range(0, 1 << 16).Select(i => (ushort)i).ToArray();
        foreach (var (from, to) in ((ElementType, ElementType)[])[(ElementType.BF16, ElementType.F16), (ElementType.F16, ElementType.BF16)])
        {
            using var holdings = new Holdings();
            var (x, y) = (holdings.Upload<ushort>(device, all, "x"), holdings.Allocate<ushort>(device, all.Length, "y"));
            EveryAlgorithm.Of(Primitives.Cast.Chooser, device, new CastShape(from, to, all.Length), () =>
            {
                y.Clear();
                Primitives.Cast.Apply(from, x.Bytes, to, y.Bytes);
                AssertNearest(to, [.. all.Select(bits => Value(from, bits))], y.ToArray(), $"{from} to {to}");
            });
        }
    }

    /// <summary>Random bits: numbers of all sizes, denormal ones, infinities and NaNs; the halves between neighbours; what is just beyond the largest number.</summary>
    [Test]
    public void Narrowing_gives_the_nearest_number([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 3;
        var device = TestDevices.Open(name);
        var random = new Random(seed);
        foreach (var type in (ElementType[])[ElementType.BF16, ElementType.F16])
        {
            var values = new List<float>
            {
                0, -0f, float.Epsilon, -float.Epsilon, 1.17549421e-38f, float.MaxValue, -float.MaxValue, 65504, 65519.996f, 65520, -65520, 65536, 3.38953139e38f,
                3.39615136e38f, 2.98023224e-8f, 2.98023259e-8f, 5.96046448e-8f, 6.10351562e-5f, 6.1005353e-5f, float.NaN, float.PositiveInfinity, float.NegativeInfinity,
            };
            for (var i = 0; i < 30_000; i++)
                values.Add(BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)));
            for (var i = 0; i < 10_000; i++)
                values.Add((float)(Math.Pow(2, random.Next(-27, 18)) * (1 + random.NextDouble()) * (i % 2 == 0 ? 1 : -1)));
            for (var i = 0; i < 10_001; i++)
                values.Add((float)((Value(type, (ushort)i) + Value(type, (ushort)(i + 1))) / 2));
            AssertNearest(type, [.. values.Select(v => (double)v)], Narrow(device, type, [.. values]), $"seed {seed}");
        }
    }

    [Test]
    public void Any_length_and_any_number_of_threads_casts_the_same([Values(1, 2, 3, 5)] int threads, [Values(1, 7, 16, 33, 100_003)] int count)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        var values = GradientCheck.RandomValues(new Random(count), count);
        foreach (var type in (ElementType[])[ElementType.BF16, ElementType.F16])
        {
            var narrow = Narrow(device, type, values);
            AssertNearest(type, [.. values.Select(v => (double)v)], narrow, $"{count}");
            Assert.That(Widen(device, type, narrow), Is.EqualTo(narrow.Select(bits => (float)Value(type, bits))));
        }
    }

    [Test]
    public void A_tensor_knows_its_type_and_an_operation_says_what_it_takes([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, 1, 2, 3, 5);
        using var scope = new TensorScope();
        var x = Tensor.From(device, shape, GradientCheck.RandomValues(new Random(1), shape.Count));
        var half = Cast.Apply(x, ElementType.F16);
        Assert.That((x.ElementType, half.ElementType, half.Shape, half.Bytes.Length), Is.EqualTo((ElementType.F32, ElementType.F16, shape, 2 * shape.Count)));
        Assert.That(half.BufferOf<Half>().ToArray(), Is.EqualTo(x.ToArray().Select(v => (Half)v)));
        Assert.That(Cast.Apply(half, ElementType.F32).ToArray(), Is.EqualTo(x.ToArray().Select(v => (float)(Half)v)));
        Assert.That(Cast.Apply(Cast.Apply(x, ElementType.BF16), ElementType.F16).BufferOf<Half>().ToArray(), Is.EqualTo(x.ToArray().Select(v => (Half)(float)(BFloat16)v)));
        Assert.That(Cast.Apply(half, ElementType.F16).BufferOf<Half>().ToArray(), Is.EqualTo(half.BufferOf<Half>().ToArray()));
        Assert.That(() => Elementwise.Add(half, x), Throws.InvalidOperationException.With.Message.EqualTo(
            "Tensor [1,1,2,3,5]: holds F16, and the operation takes F32 only; Ops.Cast gives it that."));
        Assert.That(() => half.BufferOf<BFloat16>(), Throws.InvalidOperationException);
        Assert.That(() => half.BufferOf<int>(), Throws.ArgumentException.With.Message.EqualTo("ElementType: Int32 is none; there are Single, BFloat16 and Half."));
    }

    [Test]
    public void Gradients_pass_through_a_cast([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var shape = new TensorShape(1, 1, 1, 1, 4);
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open(name), shape, [1, 2, 3, 4]).WithGradient();
        var y = Cast.Apply(Cast.Apply(x, ElementType.BF16), ElementType.F32);
        Gradients.Backward(Elementwise.Multiply(y, y));
        Assert.That(x.Gradient!.ToArray(), Is.EqualTo(new float[] { 2, 4, 6, 8 }));
    }

    [Test]
    public void Misfits_are_named()
    {
        using var holdings = new Holdings();
        var device = TestDevices.Open("cpu");
        var (x, y) = (holdings.Allocate<float>(device, 4, "x"), holdings.Allocate<Half>(device, 3, "y"));
        Assert.That(() => Primitives.Cast.Apply(x, y), Throws.ArgumentException.With.Message.EqualTo("Cast: the input, in bytes, has 16 elements, expected 12."));
        Assert.That(() => x.Slice(1, 1).Cast<double>(), Throws.ArgumentException);
        Assert.That(x.Slice(2, 2).Cast<double>().Length, Is.EqualTo(1));
    }

    private static ushort[] Narrow(ComputeDevice device, ElementType type, float[] values)
    {
        using var holdings = new Holdings();
        var (x, y) = (holdings.Upload<float>(device, values, "x"), holdings.Allocate<ushort>(device, values.Length, "y"));
        EveryAlgorithm.Of(Primitives.Cast.Chooser, device, new CastShape(ElementType.F32, type, values.Length),
            () => Primitives.Cast.Apply(ElementType.F32, x.Bytes, type, y.Bytes));
        return y.ToArray();
    }

    private static float[] Widen(ComputeDevice device, ElementType type, ushort[] bits)
    {
        using var holdings = new Holdings();
        var (x, y) = (holdings.Upload<ushort>(device, bits, "x"), holdings.Allocate<float>(device, bits.Length, "y"));
        EveryAlgorithm.Of(Primitives.Cast.Chooser, device, new CastShape(type, ElementType.F32, bits.Length),
            () => Primitives.Cast.Apply(type, x.Bytes, ElementType.F32, y.Bytes));
        return y.ToArray();
    }

    private static int Quiet(ElementType type) => type == ElementType.BF16 ? 0x40 : 0x200;

    private static int MantissaBits(ElementType type) => type == ElementType.BF16 ? 7 : 10;

    /// <summary>The number that bits stand for, by the definition of the formats.</summary>
    private static double Value(ElementType type, ushort bits)
    {
        var mantissaBits = MantissaBits(type);
        var exponentBits = 15 - mantissaBits;
        var (exponent, mantissa) = ((bits & 0x7fff) >> mantissaBits, bits & ((1 << mantissaBits) - 1));
        var bias = (1 << (exponentBits - 1)) - 1;
        var magnitude = exponent == (1 << exponentBits) - 1 ? mantissa == 0 ? double.PositiveInfinity : double.NaN
            : exponent == 0 ? Math.ScaleB(mantissa, 1 - bias - mantissaBits)
            : Math.ScaleB(mantissa + (1 << mantissaBits), exponent - bias - mantissaBits);
        return bits >= 0x8000 ? -magnitude : magnitude;
    }

    private static bool Same(float actual, double expected) =>
        double.IsNaN(expected) ? float.IsNaN(actual) : actual == expected && float.IsNegative(actual) == double.IsNegative(expected);

    /// <summary>No neighbour is nearer, and of two as near the result has the last bit 0; what is half a step beyond the largest number is infinite.</summary>
    private static void AssertNearest(ElementType type, double[] values, ushort[] bits, string what)
    {
        var largest = (ushort)(((1 << 15) - 1 - ((1 << MantissaBits(type)) - 1)) - 1);
        var infinite = (Value(type, largest) - Value(type, (ushort)(largest - 1))) / 2 + Value(type, largest);
        for (var i = 0; i < values.Length; i++)
        {
            var (value, result) = (values[i], Value(type, bits[i]));
            var message = $"{what}: {type} of {value:g17} is {bits[i]:x4}";
            if (double.IsNaN(value))
            {
                Assert.That(double.IsNaN(result) && (bits[i] & Quiet(type)) != 0, message);
                continue;
            }

            Assert.That((bits[i] & 0x8000) != 0, Is.EqualTo(double.IsNegative(value)), message);
            var (magnitude, found) = (Math.Abs(value), (ushort)(bits[i] & 0x7fff));
            if (magnitude >= infinite)
            {
                Assert.That(found, Is.EqualTo(largest + 1), message);
                continue;
            }

            Assert.That(found, Is.LessThanOrEqualTo(largest), message);
            var error = Math.Abs(magnitude - Value(type, found));
            var next = found == largest ? infinite - Value(type, largest) + infinite : Value(type, (ushort)(found + 1));
            foreach (var neighbour in found == 0 ? [next] : (double[])[next, Value(type, (ushort)(found - 1))])
            {
                var other = Math.Abs(magnitude - neighbour);
                if (!(error < other || (error == other && found % 2 == 0)))
                    Assert.Fail(message);
            }
        }
    }
}
