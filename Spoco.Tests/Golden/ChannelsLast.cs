using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Tests.Golden;

/// <summary>
/// Between the layouts of PyTorch and ours: images [N, C, (D,) H, W] and [N, (D,) H, W, C], weights [Cout, Cin, (kD,) kH, kW] and
/// [kD, kH, kW, Cin, Cout]. Arrays of rank 1 are vectors over channels, [1, 1, 1, 1, C].
/// </summary>
internal static class ChannelsLast
{
    /// <summary>Our shape of an array stored with these extents.</summary>
    public static TensorShape ImageShape(ReadOnlySpan<int> extents) => extents switch
    {
        [var c] => TensorShape.Vector(c),
        [var n, var c, var h, var w] => new TensorShape(n, 1, h, w, c),
        [var n, var c, var d, var h, var w] => new TensorShape(n, d, h, w, c),
        _ => throw new ArgumentException($"ChannelsLast: an image has rank 1, 4 or 5, not {extents.Length}."),
    };

    /// <summary>Our shape of a weight stored with these extents.</summary>
    public static TensorShape WeightShape(ReadOnlySpan<int> extents)
    {
        var s = ImageShape(extents);
        return new TensorShape(s.D, s.H, s.W, s.C, s.N);
    }

    /// <summary>The values of an image, C fastest.</summary>
    public static T[] Image<T>(ReadOnlySpan<T> values, ReadOnlySpan<int> extents)
    {
        var s = ImageShape(extents);
        var voxels = (int)s.VoxelsPerImage;
        var result = new T[values.Length];
        for (var n = 0; n < s.N; n++)
        {
            for (var c = 0; c < s.C; c++)
            {
                for (var v = 0; v < voxels; v++)
                    result[(n * voxels + v) * s.C + c] = values[(n * s.C + c) * voxels + v];
            }
        }

        return result;
    }

    /// <summary>The values of a weight, Cout fastest.</summary>
    public static T[] Weight<T>(ReadOnlySpan<T> values, ReadOnlySpan<int> extents)
    {
        var s = ImageShape(extents);
        var positions = (int)s.VoxelsPerImage;
        var result = new T[values.Length];
        for (var o = 0; o < s.N; o++)
        {
            for (var i = 0; i < s.C; i++)
            {
                for (var k = 0; k < positions; k++)
                    result[(k * s.C + i) * s.N + o] = values[(o * s.C + i) * positions + k];
            }
        }

        return result;
    }

    /// <summary>An input of a case as a tensor.</summary>
    public static Tensor Image(this GoldenCase golden, ComputeDevice device, string name)
    {
        var extents = golden.Shape(name);
        return Tensor.From(device, ImageShape(extents), Image<float>(golden.Float32(name), extents));
    }

    /// <summary>A convolution weight of a case as a tensor.</summary>
    public static Tensor Weight(this GoldenCase golden, ComputeDevice device, string name)
    {
        var extents = golden.Shape(name);
        return Tensor.From(device, WeightShape(extents), Weight<float>(golden.Float32(name), extents));
    }

    /// <summary>Asserts that a tensor holds the expected image of a case, within the tolerance of the case.</summary>
    public static void AssertImage(this GoldenCase golden, string name, Tensor? actual)
    {
        var extents = golden.Shape(name);
        AssertEqual(golden, name, ImageShape(extents), Image<double>(golden.Float64(name), extents), actual);
    }

    /// <summary>Asserts that a tensor holds the expected convolution weight of a case, within the tolerance of the case.</summary>
    public static void AssertWeight(this GoldenCase golden, string name, Tensor? actual)
    {
        var extents = golden.Shape(name);
        AssertEqual(golden, name, WeightShape(extents), Weight<double>(golden.Float64(name), extents), actual);
    }

    private static void AssertEqual(GoldenCase golden, string name, TensorShape shape, double[] expected, Tensor? actual)
    {
        Assert.That(actual, Is.Not.Null, $"{golden} {name}");
        Assert.That(actual!.Shape, Is.EqualTo(shape), $"{golden} {name}");
        var tolerance = golden.Tolerance(name);
        var values = actual.ToArray();
        for (var i = 0; i < values.Length; i++)
            Assert.That(values[i], Is.EqualTo(expected[i]).Within(tolerance), $"{golden} {name}, element {i} of {shape}, {actual.Device.Name}");
    }
}
