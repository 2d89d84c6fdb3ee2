namespace Spoco.Engine.Training;

/// <summary>A normal distribution of feature vectors.</summary>
/// <param name="width">Features of a vector.</param>
internal sealed class NormalDistribution(int width)
{
    /// <summary>Added to every variance: a feature may be constant.</summary>
    private const double Floor = 1e-3;

    private readonly double[] _sums = new double[width];
    private readonly double[,] _products = new double[width, width];
    private long _count;

    /// <summary>Takes the vectors of an image, or of those of its voxels that are marked.</summary>
    /// <param name="features">[width][voxels].</param>
    /// <param name="marked">[voxels]; null = all.</param>
    public void Add(float[][] features, bool[]? marked)
    {
        for (var i = 0; i < features[0].Length; i++)
        {
            if (marked?[i] == false)
                continue;
            _count++;
            for (var k = 0; k < width; k++)
            {
                double value = features[k][i];
                _sums[k] += value;
                for (var l = 0; l <= k; l++)
                    _products[k, l] += value * features[l][i];
            }
        }
    }

    /// <summary>-2 log of the density up to a constant, (x - mu)' S^-1 (x - mu) + log det S, of every voxel of an image; 0 for a distribution of nothing.</summary>
    public float[] Distances(float[][] features)
    {
        var distances = new float[features[0].Length];
        if (_count == 0)
            return distances;
        var (factor, logarithm) = Cholesky();
        Span<double> solved = stackalloc double[width];
        for (var i = 0; i < distances.Length; i++)
        {
            var distance = logarithm;
            for (var k = 0; k < width; k++)
            {
                var rest = features[k][i] - _sums[k] / _count;
                for (var l = 0; l < k; l++)
                    rest -= factor[k, l] * solved[l];
                solved[k] = rest / factor[k, k];
                distance += solved[k] * solved[k];
            }

            distances[i] = (float)distance;
        }

        return distances;
    }

    /// <summary>L of S = L L', and log det S.</summary>
    private (double[,] Factor, double Logarithm) Cholesky()
    {
        var factor = new double[width, width];
        var logarithm = 0.0;
        for (var k = 0; k < width; k++)
        {
            for (var l = 0; l <= k; l++)
            {
                var rest = _products[k, l] / _count - _sums[k] / _count * (_sums[l] / _count) + (k == l ? Floor : 0);
                for (var m = 0; m < l; m++)
                    rest -= factor[k, m] * factor[l, m];
                factor[k, l] = k == l ? Math.Sqrt(Math.Max(rest, Floor)) : rest / factor[l, l];
            }

            logarithm += 2 * Math.Log(factor[k, k]);
        }

        return (factor, logarithm);
    }
}
