using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Segmentation;

public sealed class EmbeddingWatershedTests
{
    [Test]
    public void A_gap_is_divided_where_the_nearer_mean_changes()
    {
        var labels = new Volume<int>([7, 7, 0, 0, 0, 0, 0, 4, 4], 1, 1, 9);
        var embeddings = new Volume<float>([0, 0, 1, 2, 2.5f, 2.9f, 5, 6, 6], 1, 1, 9);
        Assert.That(EmbeddingWatershed.Fill(labels, embeddings).Data, Is.EqualTo(new[] { 7, 7, 7, 7, 7, 7, 4, 4, 4 }));
        Assert.That(labels.Data[2], Is.Zero, "the input stays");
    }

    [Test]
    public void A_voxel_that_no_segment_reaches_stays_and_so_does_what_the_mask_leaves_out()
    {
        var labels = new Volume<int>([1, 0, 0, 0, 2], 1, 1, 5);
        var embeddings = new Volume<float>([0, 0, float.NaN, 0, 9], 1, 1, 5);
        var mask = new Volume<byte>([1, 1, 0, 1, 0], 1, 1, 5);
        Assert.That(EmbeddingWatershed.Fill(labels, embeddings, mask).Data, Is.EqualTo(new[] { 1, 1, 0, 0, 0 }), "the second segment lies outside");
        Assert.That(() => EmbeddingWatershed.Fill(labels, embeddings), Throws.ArgumentException.With.Message.Contains("voxel 2"));
        Assert.That(EmbeddingWatershed.Fill(new Volume<int>(1, 1, 5), new Volume<float>(1, 1, 5)).Data, Has.All.Zero, "nothing can grow");
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        var labels = new Volume<int>(1, 3, 3);
        Assert.That(() => EmbeddingWatershed.Fill(labels, new Volume<float>(1, 3, 4, 2)), Throws.ArgumentException);
        Assert.That(() => EmbeddingWatershed.Fill(labels, new Volume<float>(1, 3, 3, 2), new Volume<byte>(1, 3, 4)), Throws.ArgumentException);
        Assert.That(() => EmbeddingWatershed.Fill(new Volume<int>(1, 3, 3, 2), new Volume<float>(1, 3, 3, 2)), Throws.ArgumentException);
    }

    /// <summary>Against looking for the best pair of all anew in every step.</summary>
    [Test]
    public void The_best_pair_comes_first([Range(0, 29)] int seed)
    {
        var random = new Random(seed);
        var (depth, height, width, d) = (1 + random.Next(3), 1 + random.Next(7), 1 + random.Next(7), 1 + random.Next(3));
        var voxels = depth * height * width;
        // Few values, so that many pairs are equal.
        var embeddings = new Volume<float>([.. Enumerable.Range(0, voxels * d).Select(_ => (float)random.Next(seed % 2 == 0 ? 3 : 1000))], depth, height, width, d);
        var labels = new Volume<int>([.. Enumerable.Range(0, voxels).Select(_ => random.Next(3) == 0 ? random.Next(5) : 0)], depth, height, width);
        var mask = seed % 3 == 0 ? null : new Volume<byte>([.. Enumerable.Range(0, voxels).Select(_ => (byte)(random.Next(6) == 0 ? 0 : 1))], depth, height, width);
        Assert.That(EmbeddingWatershed.Fill(labels, embeddings, mask).Data, Is.EqualTo(Plain(labels, embeddings, mask)));
    }

    private static int[] Plain(Volume<int> labels, Volume<float> embeddings, Volume<byte>? mask)
    {
        int[] result = [.. labels.Data.Select((label, i) => mask?.Data[i] == 0 ? 0 : label)];
        var d = embeddings.Channels;
        // Numbers by first voxel decide between equals.
        var names = result.Where(label => label != 0).Distinct().ToList();
        var means = names.ToDictionary(name => name, name => Enumerable.Range(0, d).Select(c =>
            Enumerable.Range(0, result.Length).Where(i => result[i] == name).Average(i => (double)embeddings.Data[i * d + c])).ToArray());
        while (true)
        {
            var pairs = Enumerable.Range(0, result.Length).Where(i => result[i] == 0 && mask?.Data[i] != 0)
                .SelectMany(i => Neighbours(labels, i).Where(j => result[j] != 0).Select(j => (Cost: Cost(i, result[j]), Voxel: i, Rank: names.IndexOf(result[j])))).ToList();
            if (pairs.Count == 0)
                return result;
            var (_, voxel, rank) = pairs.Min();
            result[voxel] = names[rank];
        }

        double Cost(int voxel, int name) => Enumerable.Range(0, d).Sum(c => (embeddings.Data[voxel * d + c] - means[name][c]) * (embeddings.Data[voxel * d + c] - means[name][c]));
    }

    private static IEnumerable<int> Neighbours(Volume<int> image, int i)
    {
        var (z, y, x) = (i / image.Width / image.Height, i / image.Width % image.Height, i % image.Width);
        foreach (var (dz, dy, dx) in new[] { (-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1) })
            if (z + dz >= 0 && z + dz < image.Depth && y + dy >= 0 && y + dy < image.Height && x + dx >= 0 && x + dx < image.Width)
                yield return ((z + dz) * image.Height + y + dy) * image.Width + x + dx;
    }
}
