using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Segmentation;

/// <summary>Components, thresholds, floors, holes, fragments, floods and distances: drawn examples and naive references.</summary>
public sealed class PostProcessingTests
{
    [Test]
    public void ComponentsOfADrawing()
    {
        var mask = Draw("""
            aa..a
            .a.a.
            ...aa
            """);
        Assert.That(ConnectedComponents.OfLabels(mask).Data, Is.EqualTo(Draw("""
            aa..b
            .a.c.
            ...cc
            """).Data));
        Assert.That(ConnectedComponents.OfLabels(mask, Connectivity.Corners).Data, Is.EqualTo(Draw("""
            aa..b
            .a.b.
            ...bb
            """).Data));
        Assert.That(ConnectedComponents.OfLabels(Draw("aabba")).Data, Is.EqualTo([1, 1, 2, 2, 3]));
        Assert.That(ConnectedComponents.OfMask(new Volume<byte>([0, 7, 1, 0, 255], 1, 1, 5)).Data, Is.EqualTo([0, 1, 1, 0, 2]));
    }

    [Test]
    public void ComponentsMatchAFloodFill([Values] Connectivity connectivity)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var labels = RandomLabels(random, 3);
            var expected = new int[labels.VoxelCount];
            var count = 0;
            for (var i = 0; i < expected.Length; i++)
            {
                if (labels.Data[i] == 0 || expected[i] != 0)
                    continue;
                var stack = new Stack<int>([i]);
                expected[i] = ++count;
                while (stack.TryPop(out var u))
                    foreach (var v in Neighbours(labels, u, connectivity))
                        if (expected[v] == 0 && labels.Data[v] == labels.Data[u])
                        {
                            expected[v] = count;
                            stack.Push(v);
                        }
            }
            Assert.That(ConnectedComponents.OfLabels(labels, connectivity).Data, Is.EqualTo(expected), $"seed {seed}, {labels}");
        }
    }

    [Test]
    public void OtsuMaximisesTheVarianceBetweenClasses()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var image = Enumerable.Range(0, 3000).Select(_ => (random.Next(3) == 0 ? 5 : 1) + random.NextSingle() * 3).ToArray();
            var (minimum, maximum) = ((double)image.Min(), (double)image.Max());
            // Brute force over the centres of the bins, every voxel at its bin's centre.
            var centres = Enumerable.Range(0, 256).Select(b => minimum + (b + 0.5) * (maximum - minimum) / 256).ToArray();
            var bins = Array.ConvertAll(image, v => Math.Min(255, (int)((v - minimum) / (maximum - minimum) * 256)));
            var (best, bestVariance) = (0, -1.0);
            for (var t = 0; t < 255; t++)
            {
                double[] low = [.. bins.Where(b => b <= t).Select(b => centres[b])];
                double[] high = [.. bins.Where(b => b > t).Select(b => centres[b])];
                var variance = (double)low.Length * high.Length * Math.Pow(low.Average() - high.Average(), 2);
                if (variance > bestVariance * (1 + 1e-12))
                    (best, bestVariance) = (t, variance);
            }
            Assert.That(Otsu.Threshold(image), Is.EqualTo((float)centres[best]).Within(1e-5f), $"seed {seed}");
        }
    }

    [Test]
    public void OtsuEdges()
    {
        Assert.That(Otsu.Mask(new Volume<float>([0, 0.0625f, 0.9f, 1], 1, 2, 2)).Data, Is.EqualTo(new byte[] { 0, 0, 1, 1 }));
        Assert.That(Otsu.Threshold([3f, 3f]), Is.EqualTo(3f));
        Assert.That(Otsu.Mask(new Volume<float>([3, 3, 3, 3], 1, 2, 2)).Data, Is.All.Zero);
        Assert.That(() => Otsu.Threshold([1f, float.NaN]), Throws.ArgumentException.With.Message.EqualTo("Otsu: values must be finite, got NaN."));
        Assert.That(() => Otsu.Threshold([]), Throws.ArgumentException);
        Assert.That(Otsu.Threshold([-float.MaxValue, float.MaxValue]), Is.EqualTo(-float.MaxValue / 256 * 255), "the centre of the first of 256 bins");
    }

    [TestCase(1)]
    [TestCase(3)]
    public void OtsuMasksOfBoxesAreThoseOfTheImage(int channels)
    {
        var random = new Random(channels);
        var image = new Volume<float>([.. Enumerable.Range(0, 3 * 40 * 50 * channels).Select(_ => random.NextSingle() * random.NextSingle())], 3, 40, 50, channels);
        var grey = new Volume<float>([.. image.Data.Chunk(channels).Select(v => v.Aggregate((a, b) => a + b) / channels)], 3, 40, 50);
        var box = new VoxelBox(1, 7, 9, 2, 20, 30);
        var values = new byte[box.VoxelCount];

        new OtsuMask(new VolumeReader<float>(image)).Read(box, values);

        Assert.That(values, Is.EqualTo(Otsu.Mask(grey).Crop(1, 7, 9, 2, 20, 30).Data));
        image.Data[17] = float.NaN;
        Assert.That(() => new OtsuMask(new VolumeReader<float>(image)), Throws.ArgumentException.With.Message.Contains("finite"));
    }

    [Test]
    public void RelabelCompacts()
    {
        var (labels, forward, inverse) = Relabel.Compact(new Volume<int>([0, 9, 9, -4, 0, int.MaxValue, 9], 1, 1, 7));
        Assert.That(labels.Data, Is.EqualTo([0, 1, 1, 2, 0, 3, 1]));
        Assert.That(inverse, Is.EqualTo([0, 9, -4, int.MaxValue]));
        Assert.That(inverse.Select(old => forward[old]), Is.EqualTo([0, 1, 2, 3]));
    }

    [Test]
    public void SizesAndHoles()
    {
        var labels = Draw("""
            aaaab
            a.aa.
            aaacc
            """);
        Assert.That(RemoveLargest.Apply(labels).Data, Is.EqualTo(Draw("....b\n.....\n...cc").Data));
        Assert.That(RemoveLargest.Apply(new Volume<int>(1, 2, 2)).Data, Is.All.Zero);
        Assert.That(SizeFloor.Remove(labels, 2).Data, Is.EqualTo(Draw("aaaa.\na.aa.\naaacc").Data));
        Assert.That(SizeFloor.RemoveAndGrow(labels, 2).Data, Is.EqualTo(Draw("aaaaa\na.aa.\naaacc").Data));
        Assert.That(SizeFloor.RemoveAndGrow(labels, 100).Data, Is.All.Zero, "nothing left to grow");
        Assert.That(FillHoles.Apply(labels).Data, Is.EqualTo(Draw("aaaab\naaaa.\naaacc").Data));
        Assert.That(FillHoles.Apply(Draw("aaa\na.b\naaa\n")).Data, Is.EqualTo(Draw("aaa\na.b\naaa").Data), "two segments touch the hole");
        Assert.That(() => SizeFloor.Remove(labels, -1), Throws.ArgumentException);

        var solid = new Volume<int>([.. Enumerable.Repeat(4, 27)], 3, 3, 3);
        solid.Data[13] = 0;
        Assert.That(FillHoles.Apply(solid).Data, Is.All.EqualTo(4));
        solid.Data[4] = 0;
        Assert.That(FillHoles.Apply(solid).Data.Count(l => l == 0), Is.EqualTo(2), "open to the first slice");
    }

    [Test]
    public void FragmentsJoinTheLongestBorder()
    {
        var labels = Draw("""
            aaaabbb
            aaaxxbb
            aaaaxbb
            """);
        Assert.That(FragmentMerging.Merge(labels, 4).Data, Is.EqualTo(Draw("aaaabbb\naaaaabb\naaaaabb").Data));
        Assert.That(FragmentMerging.Merge(labels, 3).Data, Is.EqualTo(labels.Data), "not below the floor");
    }

    [Test]
    public void FragmentsJoinTheNearestEmbedding()
    {
        var labels = Draw("aaaaaxbbbb.y");
        var embeddings = new Volume<float>([0, 0, 0, 0, 0, 4, 5, 5, 5, 5, 0, 0], 1, 1, 12);
        Assert.That(FragmentMerging.Merge(labels, 2, null, embeddings).Data, Is.EqualTo(Draw("aaaaabbbbb.y").Data), "y has no neighbour and stays");
        var mask = new Volume<byte>([0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0], 1, 1, 12);
        Assert.That(FragmentMerging.Merge(labels, 2, mask, embeddings).Data, Is.EqualTo(Draw(".aaaaa......").Data), "only inside the mask");
    }

    [Test]
    public void FragmentsWithoutALargeNeighbourJoinEachOther()
    {
        var embeddings = new Volume<float>([0, 0, 1, 9, 9, 8, 0, 0], 1, 1, 8);
        Assert.That(FragmentMerging.Merge(Draw("abcdef.g"), 3, null, embeddings).Data, Is.EqualTo(Draw("bbbeee.g").Data));
    }

    /// <summary>Against the rule carried out literally: join the nearest pair of neighbours, measure everything again.</summary>
    [Test]
    public void Similar_neighbours_are_joined_nearest_first([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        var (depth, height, width) = (random.Next(1, 4), random.Next(1, 8), random.Next(1, 9));
        var labels = new Volume<int>(depth, height, width);
        var embeddings = new Volume<float>(depth, height, width, 2);
        for (var i = 0; i < labels.Data.Length; i++)
            labels.Data[i] = random.Next(9);
        for (var i = 0; i < embeddings.Data.Length; i++)
            embeddings.Data[i] = random.NextSingle() * 3;
        var distance = random.NextDouble() * 2;
        var expected = labels.Data.ToArray();
        while (NearestNeighbours(labels, expected, embeddings, distance) is var (keep, give))
            expected = [.. expected.Select(l => l == give ? keep : l)];
        Assert.That(SimilarMerging.Merge(labels, embeddings, distance).Data, Is.EqualTo(expected), $"seed {seed}, distance {distance}");
    }

    /// <summary>A large segment around many specks, some of which touch each other: against all pairs measured again after every step.</summary>
    [Test]
    public void A_segment_with_many_neighbours_takes_the_nearest_first([Range(0, 4)] int seed)
    {
        const int Side = 60;
        var random = new Random(seed);
        var (labels, embeddings) = (new Volume<int>(1, Side, Side), new Volume<float>(1, Side, Side, 2));
        var count = 1;
        for (var i = 0; i < labels.Data.Length; i++)
        {
            labels.Data[i] = random.Next(3) == 0 && i > 0 ? ++count : 1;
            var reach = labels.Data[i] == 1 ? 0.1f : 2f;
            (embeddings.Data[2 * i], embeddings.Data[2 * i + 1]) = ((random.NextSingle() - 0.5f) * reach, (random.NextSingle() - 0.4f) * reach);
        }

        var (size, x, y) = (new long[count + 1], new double[count + 1], new double[count + 1]);
        for (var i = 0; i < labels.Data.Length; i++)
        {
            var l = labels.Data[i];
            (size[l], x[l], y[l]) = (size[l] + 1, x[l] + embeddings.Data[2 * i], y[l] + embeddings.Data[2 * i + 1]);
        }

        var borders = new HashSet<(int A, int B)>();
        for (var i = 0; i < labels.Data.Length; i++)
            foreach (var j in Neighbours(labels, i, Connectivity.Faces))
                if (labels.Data[i] < labels.Data[j])
                    borders.Add((labels.Data[i], labels.Data[j]));
        var name = Enumerable.Range(0, count + 1).ToArray();
        while (borders.Count > 0 && borders.MinBy(Distance) is var pair && Distance(pair) < 0.7 * 0.7)
        {
            var (keep, give) = size[pair.A] >= size[pair.B] ? (pair.A, pair.B) : (pair.B, pair.A);
            (size[keep], x[keep], y[keep]) = (size[keep] + size[give], x[keep] + x[give], y[keep] + y[give]);
            name = Array.ConvertAll(name, n => n == give ? keep : n);
            borders = [.. borders.Select(b => (A: b.A == give ? keep : b.A, B: b.B == give ? keep : b.B)).Where(b => b.A != b.B)
                .Select(b => (Math.Min(b.A, b.B), Math.Max(b.A, b.B)))];
        }

        Assert.That(name.Distinct().Count(), Is.InRange(50, count - 400), "some are joined, some are not");
        Assert.That(SimilarMerging.Merge(labels, embeddings, 0.7).Data, Is.EqualTo(labels.Data.Select(l => name[l])));

        double Distance((int A, int B) pair) =>
            Math.Pow(x[pair.A] / size[pair.A] - x[pair.B] / size[pair.B], 2) + Math.Pow(y[pair.A] / size[pair.A] - y[pair.B] / size[pair.B], 2);
    }

    [Test]
    public void Similar_merging_names_what_does_not_fit()
    {
        var labels = Draw("aab");
        Assert.That(() => SimilarMerging.Merge(labels, new Volume<float>(1, 1, 2, 3), 1), Throws.ArgumentException);
        Assert.That(() => SimilarMerging.Merge(labels, new Volume<float>(1, 1, 3, 3), -1),
            Throws.ArgumentException.With.Message.EqualTo("SimilarMerging: the distance must not be negative, got -1."));
        Assert.That(SimilarMerging.Merge(new Volume<int>(1, 2, 2), new Volume<float>(1, 2, 2, 1), 1).Data, Has.All.Zero, "no segment");
        Assert.That(SimilarMerging.Merge(labels, new Volume<float>(1, 1, 3, 1), 0).Data, Is.EqualTo(labels.Data), "0 joins nothing, even equal means");
    }

    private static (int Keep, int Give)? NearestNeighbours(Volume<int> grid, int[] labels, Volume<float> embeddings, double distance)
    {
        (int, int)? best = null;
        for (var i = 0; i < labels.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var steps = Math.Abs(i % grid.Width - j % grid.Width) + Math.Abs(i / grid.Width % grid.Height - j / grid.Width % grid.Height)
                    + Math.Abs(i / grid.Width / grid.Height - j / grid.Width / grid.Height);
                if (steps != 1 || labels[i] == 0 || labels[j] == 0 || labels[i] == labels[j])
                    continue;
                var (a, b) = (Mean(labels[i]), Mean(labels[j]));
                var d = Math.Sqrt((a.X - b.X) * (a.X - b.X) + (a.Y - b.Y) * (a.Y - b.Y));
                if (d < distance)
                    (distance, best) = (d, a.Size > b.Size || (a.Size == b.Size && First(labels[i]) < First(labels[j])) ? (labels[i], labels[j]) : (labels[j], labels[i]));
            }
        }

        return best;

        int First(int label) => Array.IndexOf(grid.Data, label);

        (double X, double Y, int Size) Mean(int label)
        {
            var of = Enumerable.Range(0, labels.Length).Where(i => labels[i] == label).ToArray();
            return (of.Average(i => (double)embeddings.Data[2 * i]), of.Average(i => (double)embeddings.Data[2 * i + 1]), of.Length);
        }
    }

    [Test]
    public void CrumbledBorderIsGivenBack()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var labels = new Volume<int>(1, 40, 40);
            var truth = new int[1600];
            var embeddings = new Volume<float>(1, 40, 40, 2);
            for (var i = 0; i < 1600; i++)
            {
                var column = i % 40;
                truth[i] = column < 20 ? 1 : 2;
                // Within three columns of the border every pixel is a segment of its own.
                labels.Data[i] = Math.Abs(column - 19.5) < 3 ? 100 + i : truth[i];
                embeddings.Data[2 * i] = truth[i] * 3 + random.NextSingle();
            }
            Assert.That(FragmentMerging.Merge(labels, 20, null, embeddings).Data, Is.EqualTo(truth), $"seed {seed}");
        }
    }

    [Test]
    public void FloodFollowsTheHeights()
    {
        var image = new Volume<float>([0, 1, 2, 9, 3, 2, 0], 1, 1, 7);
        var seeds = new Volume<int>([5, 0, 0, 0, 0, 0, 8], 1, 1, 7);
        Assert.That(SeededWatershed.Flood(image, seeds).Data, Is.EqualTo([5, 5, 5, 5, 8, 8, 8]));
        var mask = new Volume<byte>([1, 1, 0, 1, 1, 1, 1], 1, 1, 7);
        Assert.That(SeededWatershed.Flood(image, seeds, mask).Data, Is.EqualTo([5, 5, 0, 8, 8, 8, 8]));
        Assert.That(SeededWatershed.Flood(image, new Volume<int>(1, 1, 7)).Data, Is.All.Zero);
        Assert.That(() => SeededWatershed.Flood(image, new Volume<int>(1, 7, 1)),
            Throws.ArgumentException.With.Message.StartsWith("SeededWatershed: "));
        image.Data[3] = float.NaN;
        Assert.That(() => SeededWatershed.Flood(image, seeds), Throws.ArgumentException.With.Message.Contains("NaN"));
    }

    [Test]
    public void FloodCutsAtTheLowestPass()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var model = RandomLabels(random, 2);
            var (depth, height, width) = (model.Depth, model.Height, model.Width);
            // Distinct heights: the flood is then a minimum spanning forest cut between the seeds.
            var heights = Enumerable.Range(0, model.VoxelCount).Select(i => (float)i).ToArray();
            random.Shuffle(heights);
            var image = new Volume<float>(heights, depth, height, width);
            var seeds = new Volume<int>(depth, height, width);
            for (var s = 1; s <= Math.Min(4, model.VoxelCount); s++)
                seeds.Data[random.Next(model.VoxelCount)] = s;

            var labels = SeededWatershed.Flood(image, seeds);

            Assert.That(labels.Data, Is.EqualTo(NaiveFlood(image, seeds)), $"seed {seed}, {model}");
        }
    }

    [Test]
    public void DistancesMatchBruteForce([Values(false, true)] bool anisotropic)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var model = RandomLabels(random, random.Next(2, 12));
            var mask = new Volume<byte>(Array.ConvertAll(model.Data, l => l == 0 ? (byte)0 : (byte)1), model.Depth, model.Height, model.Width);
            var spacing = anisotropic ? new VoxelSize(2.5, 0.4, 1.1) : new VoxelSize(1, 1, 1);

            var distance = DistanceTransform.ToBackground(mask, anisotropic ? spacing : null);

            for (var i = 0; i < mask.VoxelCount; i++)
            {
                var expected = Enumerable.Range(0, mask.VoxelCount).Where(j => mask.Data[j] == 0).Select(j => Distance(mask, i, j, spacing))
                    .DefaultIfEmpty(double.PositiveInfinity).Min();
                Assert.That(distance.Data[i], Is.EqualTo((float)expected).Within(1e-5f), $"seed {seed}, {mask}, voxel {i}");
            }
        }
        Assert.That(() => DistanceTransform.ToBackground(new Volume<byte>(1, 2, 2), new VoxelSize(1, 0, 1)), Throws.ArgumentException);
    }

    [Test]
    public void DistanceWatershedSeparatesTouchingDiscs()
    {
        var image = new Volume<float>(1, 40, 60);
        for (var y = 0; y < 40; y++)
            for (var x = 0; x < 60; x++)
                image[0, y, x] = Math.Min(Math.Pow(y - 20, 2) + Math.Pow(x - 19, 2), Math.Pow(y - 20, 2) + Math.Pow(x - 40, 2)) < 144 ? 1 : 0.05f;

        var labels = DistanceWatershed.FromImage(image);

        Assert.That(labels.Data.Max(), Is.EqualTo(2));
        Assert.That(labels[0, 20, 19], Is.Not.EqualTo(labels[0, 20, 40]));
        Assert.That(labels.Data.Count(l => l != 0), Is.EqualTo(image.Data.Count(v => v == 1)));
        Assert.That(DistanceWatershed.FromImage(image, minimumVoxels: 2000).Data, Is.All.Zero);
        Assert.That(DistanceWatershed.FromMask(new Volume<byte>(1, 8, 8)).Data, Is.All.Zero);
        Assert.That(DistanceWatershed.FromMask(new Volume<byte>([.. Enumerable.Repeat((byte)1, 64)], 1, 8, 8)).Data, Is.All.EqualTo(1));
        Assert.That(DistanceWatershed.FromImage(image, minimumSeedDistance: int.MaxValue).Data.Max(), Is.EqualTo(1));
        Assert.That(() => DistanceWatershed.FromImage(image, 0), Throws.ArgumentException);
    }

    private static Volume<int> Draw(string text)
    {
        var rows = text.Trim().Split('\n', StringSplitOptions.TrimEntries);
        return new Volume<int>([.. rows.SelectMany(row => row.Select(c => c == '.' ? 0 : c - 'a' + 1))], 1, rows.Length, rows[0].Length);
    }

    private static Volume<int> RandomLabels(Random random, int labels)
    {
        var depth = random.Next(2) == 0 ? 1 : random.Next(2, 5);
        var (height, width) = (random.Next(1, 12), random.Next(1, 12));
        return new Volume<int>([.. Enumerable.Range(0, depth * height * width).Select(_ => random.Next(labels))], depth, height, width);
    }

    private static (int Z, int Y, int X) Position<T>(Volume<T> volume, int i) where T : unmanaged =>
        (i / (volume.Height * volume.Width), i / volume.Width % volume.Height, i % volume.Width);

    private static IEnumerable<int> Neighbours<T>(Volume<T> volume, int i, Connectivity connectivity) where T : unmanaged
    {
        var (z, y, x) = Position(volume, i);
        for (var j = 0; j < volume.VoxelCount; j++)
        {
            var (z2, y2, x2) = Position(volume, j);
            var steps = new[] { Math.Abs(z - z2), Math.Abs(y - y2), Math.Abs(x - x2) };
            if (i != j && steps.Max() == 1 && (connectivity == Connectivity.Corners || steps.Sum() == 1))
                yield return j;
        }
    }

    private static double Distance(Volume<byte> volume, int i, int j, VoxelSize spacing)
    {
        var ((z, y, x), (z2, y2, x2)) = (Position(volume, i), Position(volume, j));
        return Math.Sqrt(Math.Pow((z - z2) * spacing.Z, 2) + Math.Pow((y - y2) * spacing.Y, 2) + Math.Pow((x - x2) * spacing.X, 2));
    }

    // Repeatedly takes the lowest unlabelled voxel beside a labelled one; its label is the one that reached it first.
    private static int[] NaiveFlood(Volume<float> image, Volume<int> seeds)
    {
        var labels = seeds.Data.ToArray();
        var done = new bool[labels.Length];
        while (true)
        {
            var front = Enumerable.Range(0, labels.Length).Where(i => labels[i] != 0 && !done[i]);
            var next = front.OrderBy(i => image.Data[i]).Cast<int?>().FirstOrDefault();
            if (next is not { } u)
                return labels;
            done[u] = true;
            foreach (var v in Neighbours(image, u, Connectivity.Faces))
                if (labels[v] == 0)
                    labels[v] = labels[u];
        }
    }
}
