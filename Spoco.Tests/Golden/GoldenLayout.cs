using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Tests.Golden;

/// <summary>Golden arrays are stored channels first, [N,C,(D,)H,W] and [out,in,(D,)H,W]; ours are channels last.</summary>
internal static class GoldenLayout
{
    /// <summary>[N,C,(D,)H,W] as a tensor [N,D,H,W,C].</summary>
    public static Tensor Image(ComputeDevice device, GoldenCase golden, string name)
    {
        var (n, c, d, h, w) = Extents(golden.Shape(name));
        return Tensor.From(device, new TensorShape(n, d, h, w, c), ChannelsLast(golden.Float32(name), n, c, d * h * w));
    }

    /// <summary>[out,in,(D,)H,W] as a tensor [D,H,W,in,out].</summary>
    public static Tensor Weight(ComputeDevice device, GoldenCase golden, string name)
    {
        var (o, i, d, h, w) = Extents(golden.Shape(name));
        return Tensor.From(device, new TensorShape(d, h, w, i, o), ChannelsLast(golden.Float32(name), 1, o * i, d * h * w, o));
    }

    /// <summary>Checks a tensor [N,D,H,W,C] against [N,C,(D,)H,W].</summary>
    public static void AssertImage(GoldenCase golden, string name, Tensor actual)
    {
        var (n, c, d, h, w) = Extents(golden.Shape(name));
        Assert.That(actual.Shape, Is.EqualTo(new TensorShape(n, d, h, w, c)), $"{golden} {name}");
        AssertValues(golden, name, actual.ToArray(), ChannelsLast(golden.Float64(name), n, c, d * h * w));
    }

    /// <summary>Checks a tensor [D,H,W,in,out] against [out,in,(D,)H,W].</summary>
    public static void AssertWeight(GoldenCase golden, string name, Tensor actual)
    {
        var (o, i, d, h, w) = Extents(golden.Shape(name));
        Assert.That(actual.Shape, Is.EqualTo(new TensorShape(d, h, w, i, o)), $"{golden} {name}");
        AssertValues(golden, name, actual.ToArray(), ChannelsLast(golden.Float64(name), 1, o * i, d * h * w, o));
    }

    /// <summary>Checks values in the same order, within the tolerance of the golden array.</summary>
    public static void AssertValues(GoldenCase golden, string name, float[] actual, double[] expected)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), $"{golden} {name}");
        var tolerance = golden.Tolerance(name);
        for (var i = 0; i < actual.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(tolerance), $"{golden} {name}, element {i}");
    }

    private static (int A, int B, int D, int H, int W) Extents(int[] shape) => shape.Length switch
    {
        2 => (shape[0], shape[1], 1, 1, 1),
        4 => (shape[0], shape[1], 1, shape[2], shape[3]),
        5 => (shape[0], shape[1], shape[2], shape[3], shape[4]),
        _ => throw new ArgumentException($"GoldenLayout: an array of {shape.Length} dimensions is neither image nor weight."),
    };

    /// <summary>[n][channels][voxels] to [n][voxels][channels]; of <paramref name="channels"/> = outer x inner, the inner index becomes the slower one.</summary>
    private static T[] ChannelsLast<T>(T[] values, int n, int channels, int voxels, int outer = 1)
    {
        var result = new T[values.Length];
        var inner = channels / outer;
        for (var i = 0; i < n; i++)
        {
            for (var o = 0; o < outer; o++)
            {
                for (var c = 0; c < inner; c++)
                {
                    for (var v = 0; v < voxels; v++)
                        result[((i * voxels + v) * inner + c) * outer + o] = values[((i * outer + o) * inner + c) * voxels + v];
                }
            }
        }

        return result;
    }
}
