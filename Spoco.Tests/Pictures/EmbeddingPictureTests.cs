using Spoco.Cli.Pictures;
using Spoco.Engine;

namespace Spoco.Tests.Pictures;

public sealed class EmbeddingPictureTests
{
    /// <summary>
    /// Embeddings made of three orthogonal directions with known, unequal weights: every colour channel must be its own weight, stretched.
    /// </summary>
    [Test]
    public void A_colouring_of_rank_3_is_recovered()
    {
        const int size = 16, height = 31, width = 43;
        var random = new RandomSource(1);
        // Columns of a Hadamard matrix are orthogonal; the sign convention makes the first largest coefficient positive.
        double[][] directions = [.. new[] { 0, 3, 9 }.Select(k =>
            Enumerable.Range(0, size).Select(c => int.PopCount(c & k) % 2 == 0 ? 0.25 : -0.25).ToArray())];
        foreach (var (k, c) in new[] { (0, 5), (1, 0), (2, 12) })
            directions[k][c] *= 1.0001;
        double[] strength = [9, 5, 2];
        var embeddings = new Volume<float>(1, height, width, size);
        var weights = new double[3][];
        for (var k = 0; k < 3; k++)
            weights[k] = [.. Enumerable.Range(0, height * width).Select(_ => strength[k] * random.NextGaussian())];
        for (var i = 0; i < height * width; i++)
            for (var c = 0; c < size; c++)
                embeddings.Data[i * size + c] = (float)(7 + Enumerable.Range(0, 3).Sum(k => weights[k][i] * directions[k][c]));

        var picture = EmbeddingPicture.Draw(embeddings);
        for (var k = 0; k < 3; k++)
        {
            var values = Enumerable.Range(0, height * width).Select(i => (double)picture.Pixels[3 * i + k]).ToArray();
            var correlation = Correlation(values, weights[k]);
            Assert.That(Math.Abs(correlation), Is.GreaterThan(0.98), $"channel {k}");
            Assert.That(values.Count(v => v == 0) / (double)values.Length, Is.InRange(0.005, 0.02), $"channel {k}");
            Assert.That(values.Count(v => v == 255) / (double)values.Length, Is.InRange(0.005, 0.02), $"channel {k}");
        }
    }

    private static double Correlation(double[] a, double[] b)
    {
        var (ma, mb) = (a.Average(), b.Average());
        var covariance = a.Zip(b, (x, y) => (x - ma) * (y - mb)).Sum();
        return covariance / Math.Sqrt(a.Sum(x => (x - ma) * (x - ma)) * b.Sum(y => (y - mb) * (y - mb)));
    }

    [Test]
    public void The_sign_follows_the_largest_coefficient()
    {
        // One direction (1, -3): the larger coefficient is the second, so values that grow along it are dark where it is low.
        var embeddings = new Volume<float>([.. Enumerable.Range(0, 100).SelectMany(i => new[] { i, -3f * i })], 1, 10, 10, 2);
        var picture = EmbeddingPicture.Draw(embeddings);
        Assert.That(picture[0, 0].Red, Is.EqualTo(255));
        Assert.That(picture[9, 9].Red, Is.Zero);
        Assert.That(picture[9, 9].Blue, Is.EqualTo(128), "there is no third direction");
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public void Constant_embeddings_do_not_fail(int size) =>
        Assert.That(EmbeddingPicture.Draw(new Volume<float>(3, 4, 5, size)).Width, Is.EqualTo(5));

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    [TestCase(16)]
    public void Eigenvectors_are_orthogonal_and_rebuild_the_matrix(int n)
    {
        var random = new RandomSource(n);
        var a = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j <= i; j++)
                a[i, j] = a[j, i] = random.NextGaussian();
        var (values, v) = SymmetricEigen.Decompose(a);
        Assert.That(values, Is.Ordered.Descending);
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++)
            {
                Assert.That(Enumerable.Range(0, n).Sum(k => v[i, k] * values[k] * v[j, k]), Is.EqualTo(a[i, j]).Within(1e-12));
                Assert.That(Enumerable.Range(0, n).Sum(k => v[k, i] * v[k, j]), Is.EqualTo(i == j ? 1 : 0).Within(1e-12));
            }
    }
}
