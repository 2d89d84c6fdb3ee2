using Spoco.Kernels;

namespace Spoco.Tests.Ops;

/// <summary>The definition of convolution and its gradients in double precision, one loop per index.</summary>
internal static class ConvolutionReference
{
    public static double[] Forward(ConvolutionShape shape, float[] x, float[] weight, float[]? bias)
    {
        var y = new double[shape.Output.Count];
        for (var i = 0; i < y.Length; i++)
            y[i] = bias?[i % shape.OutputChannels] ?? 0;
        Visit(shape, (xi, wi, yi) => y[yi] += (double)x[xi] * weight[wi]);
        return y;
    }

    public static double[] BackwardInput(ConvolutionShape shape, float[] dy, float[] weight)
    {
        var dx = new double[shape.Input.Count];
        Visit(shape, (xi, wi, yi) => dx[xi] += (double)dy[yi] * weight[wi]);
        return dx;
    }

    public static double[] BackwardWeight(ConvolutionShape shape, float[] x, float[] dy)
    {
        var dweight = new double[shape.Weight.Count];
        Visit(shape, (xi, wi, yi) => dweight[wi] += (double)x[xi] * dy[yi]);
        return dweight;
    }

    public static double[] BackwardBias(ConvolutionShape shape, float[] dy)
    {
        var dbias = new double[shape.OutputChannels];
        for (var i = 0; i < dy.Length; i++)
            dbias[i % dbias.Length] += dy[i];
        return dbias;
    }

    /// <summary>Fails where a value differs by more than <paramref name="tolerance"/> of the largest expected one.</summary>
    public static void AssertClose(float[] actual, double[] expected, string what, double tolerance = 1e-5)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), what);
        var scale = expected.Max(Math.Abs) + 1e-6;
        for (var i = 0; i < actual.Length; i++)
        {
            if (!(Math.Abs(actual[i] - expected[i]) <= tolerance * scale))
                Assert.Fail($"{what}: element {i} is {actual[i]:g8}, expected {expected[i]:g8} (largest {scale:g4})");
        }
    }

    /// <summary>Calls <paramref name="product"/>(index in x, index in weight, index in y) for every multiplication.</summary>
    private static void Visit(ConvolutionShape s, Action<int, int, int> product)
    {
        var (input, output) = (s.Input, s.Output);
        for (var n = 0; n < output.N; n++)
        for (var d = 0; d < output.D; d++)
        for (var h = 0; h < output.H; h++)
        for (var w = 0; w < output.W; w++)
        for (var i = 0; i < s.KernelD; i++)
        for (var j = 0; j < s.KernelH; j++)
        for (var k = 0; k < s.KernelW; k++)
        {
            var (zd, zh, zw) = (d + i - s.PaddingD, h + j - s.PaddingH, w + k - s.PaddingW);
            if (zd < 0 || zd >= input.D || zh < 0 || zh >= input.H || zw < 0 || zw >= input.W)
                continue;
            var xi = (((n * input.D + zd) * input.H + zh) * input.W + zw) * s.InputChannels;
            var yi = (((n * output.D + d) * output.H + h) * output.W + w) * s.OutputChannels;
            var wi = ((i * s.KernelH + j) * s.KernelW + k) * s.InputChannels * s.OutputChannels;
            for (var c = 0; c < s.InputChannels; c++)
            for (var o = 0; o < s.OutputChannels; o++)
                product(xi + c, wi + c * s.OutputChannels + o, yi + o);
        }
    }
}
