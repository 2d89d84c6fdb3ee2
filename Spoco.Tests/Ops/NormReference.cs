namespace Spoco.Tests.Ops;

/// <summary>Normalisation by the formulas, in double precision: x is [images, voxels, channels], C fastest.</summary>
internal static class NormReference
{
    public static (double[] Y, double[] Dx, double[] Dgamma, double[] Dbeta) Compute(
        int images, int channels, int groups, float[] x, float[] gamma, float[] beta, float[] dy, double eps,
        double[]? means = null, double[]? variances = null)
    {
        var y = new double[x.Length];
        var dx = new double[x.Length];
        var dgamma = new double[channels];
        var dbeta = new double[channels];
        var perGroup = channels / groups;
        for (var n = 0; n < images; n++)
        {
            for (var g = 0; g < groups; g++)
            {
                var indices = Indices(n, g).ToArray();
                var mean = means?[g] ?? indices.Average(i => x[i]);
                var variance = variances?[g] ?? indices.Average(i => (x[i] - mean) * (x[i] - mean));
                var rstd = 1 / Math.Sqrt(variance + eps);
                double average = 0, correlation = 0;
                foreach (var i in indices)
                {
                    var c = i % channels;
                    var z = (x[i] - mean) * rstd;
                    y[i] = z * gamma[c] + beta[c];
                    dgamma[c] += dy[i] * z;
                    dbeta[c] += dy[i];
                    average += (double)gamma[c] * dy[i] / indices.Length;
                    correlation += gamma[c] * dy[i] * z / indices.Length;
                }

                if (means is not null)
                    average = correlation = 0;
                foreach (var i in indices)
                    dx[i] = rstd * ((double)gamma[i % channels] * dy[i] - average - (x[i] - mean) * rstd * correlation);
            }
        }

        return (y, dx, dgamma, dbeta);

        IEnumerable<int> Indices(int n, int g)
        {
            var length = x.Length / images;
            for (var i = n * length; i < (n + 1) * length; i++)
            {
                if (i % channels / perGroup == g)
                    yield return i;
            }
        }
    }

    /// <summary>Asserts equality within a tolerance relative to the largest expected magnitude (at least 1).</summary>
    public static void AssertClose(float[] actual, double[] expected, double tolerance, string message)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), message);
        var allowed = tolerance * Math.Max(1, expected.Max(Math.Abs));
        for (var i = 0; i < actual.Length; i++)
        {
            if (!(Math.Abs(actual[i] - expected[i]) <= allowed))
                Assert.Fail($"element {i}: {actual[i]:g9}, expected {expected[i]:g9} within {allowed:g3}: {message}");
        }
    }
}
