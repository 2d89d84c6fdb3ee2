using Spoco.Engine;

namespace Spoco.Bench;

/// <summary>Embeddings of Voronoi cells with noise and blurred borders: what a trained network predicts, roughly.</summary>
internal static class NoisyCells
{
    private const float Noise = 0.15f;
    private const double Blur = 4;

    /// <summary>Draws an image or a volume with a cell per <paramref name="pitch"/> voxels along every axis.</summary>
    public static Volume<float> Draw(int depth, int height, int width, double pitch, int dimensions = 16, int seed = 1)
    {
        var random = new Random(seed);
        var counts = new[] { depth, height, width }.Select(extent => extent == 1 ? 1 : (int)Math.Ceiling(extent / pitch)).ToArray();
        var cells = Enumerable.Range(0, counts[0] * counts[1] * counts[2]).Select(k => (
            Z: depth == 1 ? 0 : (k / counts[2] / counts[1] + random.NextDouble()) * pitch,
            Y: (k / counts[2] % counts[1] + random.NextDouble()) * pitch,
            X: (k % counts[2] + random.NextDouble()) * pitch,
            Mean: Enumerable.Range(0, dimensions).Select(_ => (float)Normal(random)).ToArray())).ToArray();
        var embeddings = new Volume<float>(depth, height, width, dimensions);
        for (var i = 0; i < embeddings.VoxelCount; i++)
        {
            var (z, y, x) = (i / width / height, i / width % height, i % width);
            var (nearest, second, first, next) = (0, 0, double.MaxValue, double.MaxValue);
            foreach (var k in Near(counts, (int)(z / pitch), (int)(y / pitch), (int)(x / pitch)))
            {
                var d = Math.Sqrt(Math.Pow(z - cells[k].Z, 2) + Math.Pow(y - cells[k].Y, 2) + Math.Pow(x - cells[k].X, 2));
                if (d < first)
                    (nearest, first, second, next) = (k, d, nearest, first);
                else if (d < next)
                    (second, next) = (k, d);
            }

            var share = (float)Math.Clamp(0.5 - (next - first) / Blur, 0, 0.5);
            for (var e = 0; e < dimensions; e++)
                embeddings.Data[i * dimensions + e] =
                    cells[nearest].Mean[e] * (1 - share) + cells[second].Mean[e] * share + Noise * (float)Normal(random);
        }

        return embeddings;
    }

    private static IEnumerable<int> Near(int[] counts, int z, int y, int x)
    {
        for (var a = Math.Max(0, z - 1); a <= Math.Min(counts[0] - 1, z + 1); a++)
            for (var b = Math.Max(0, y - 1); b <= Math.Min(counts[1] - 1, y + 1); b++)
                for (var c = Math.Max(0, x - 1); c <= Math.Min(counts[2] - 1, x + 1); c++)
                    yield return (a * counts[1] + b) * counts[2] + c;
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
