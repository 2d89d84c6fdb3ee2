using Spoco.Engine;

namespace Spoco.Cli.Pictures;

/// <summary>
/// Embeddings as colours: the three directions in which they vary most become red, green and blue, each stretched from its 1 % to its 99 %
/// quantile. A direction's sign is the one that makes its largest coefficient positive, so that the same embeddings always look the same.
/// </summary>
internal static class EmbeddingPicture
{
    /// <summary>Draws a slice of [D, H, W, E] embeddings, by default the middle one; missing directions are mid grey.</summary>
    public static Picture Draw(Volume<float> embeddings, int? slice = null)
    {
        var size = embeddings.Channels;
        var pixels = embeddings.Height * embeddings.Width;
        var values = embeddings.Data.AsSpan((slice ?? embeddings.Depth / 2) * pixels * size, pixels * size);
        var (mean, covariance) = Moments(values, size);
        var (_, directions) = SymmetricEigen.Decompose(covariance);

        var picture = new Picture(embeddings.Width, embeddings.Height, new Rgb(128, 128, 128));
        var projection = new float[pixels];
        for (var k = 0; k < Math.Min(3, size); k++)
        {
            var direction = Enumerable.Range(0, size).Select(c => directions[c, k]).ToArray();
            var sign = Math.Sign(direction.MaxBy(Math.Abs));
            for (var i = 0; i < pixels; i++)
            {
                var sum = 0.0;
                for (var c = 0; c < size; c++)
                    sum += (values[i * size + c] - mean[c]) * direction[c];
                projection[i] = (float)(sign * sum);
            }

            var stretch = ValueStretch.Of(projection, 0.01);
            for (var i = 0; i < pixels; i++)
                picture.Pixels[3 * i + k] = stretch.Apply(projection[i]);
        }

        return picture;
    }

    private static (double[] Mean, double[,] Covariance) Moments(ReadOnlySpan<float> values, int size)
    {
        var mean = new double[size];
        for (var i = 0; i < values.Length; i++)
            mean[i % size] += values[i] * (double)size / values.Length;
        var covariance = new double[size, size];
        var centred = new double[size];
        for (var i = 0; i < values.Length; i += size)
        {
            for (var c = 0; c < size; c++)
                centred[c] = values[i + c] - mean[c];
            for (var row = 0; row < size; row++)
                for (var column = row; column < size; column++)
                    covariance[row, column] += centred[row] * centred[column];
        }

        for (var row = 0; row < size; row++)
            for (var column = 0; column < size; column++)
                covariance[row, column] = row <= column ? covariance[row, column] * size / values.Length : covariance[column, row];
        return (mean, covariance);
    }
}
