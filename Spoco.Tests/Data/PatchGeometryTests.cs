using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Tests.Data;

public sealed class PatchGeometryTests
{
    private static readonly AugmentationOptions Turns = AugmentationOptions.None with { Flips = FlipAxes.All, QuarterTurns = true };

    private static readonly AugmentationOptions Everything = Turns with
    {
        Scale = new DrawRange(0.5, 2), RotationDegrees = 180, ElasticDeviation = 3, ElasticSpacing = 8,
    };

    private static PatchExtents Extents<T>(Volume<T> v) where T : unmanaged => new(v.Depth, v.Height, v.Width);

    private static float[] Image(Volume<float> image, PatchExtents patch, PatchGeometry geometry)
    {
        var target = new float[patch.VoxelCount * image.Channels];
        new PatchResampler(patch).Image(image, geometry, target);
        return target;
    }

    /// <summary>The values of a patch as large as the image, as text.</summary>
    private static string WholeImage(Volume<float> image, AugmentationOptions options, bool allAxes, int seed)
    {
        var extents = Extents(image);
        return string.Join(' ', Image(image, extents, PatchGeometry.Draw(new RandomSource(seed), extents, extents, options, allAxes)));
    }

    private static Volume<float> Noise(int seed, int depth, int height, int width, int channels = 1)
    {
        var random = new RandomSource(seed);
        var image = new Volume<float>(depth, height, width, channels);
        foreach (ref var value in image.Data.AsSpan())
            value = (float)random.NextGaussian();
        return image;
    }

    [TestCase(1, 7, 5, 1)]
    [TestCase(1, 8, 6, 3)]
    [TestCase(4, 5, 3, 2)]
    public void Without_variation_the_whole_image_is_copied(int depth, int height, int width, int channels)
    {
        var image = Noise(1, depth, height, width, channels);
        var geometry = PatchGeometry.Draw(new RandomSource(2), Extents(image), Extents(image), AugmentationOptions.None, allAxes: true);
        Assert.That(Image(image, Extents(image), geometry), Is.EqualTo(image.Data));
    }

    [Test]
    public void Without_variation_patches_are_exact_cut_outs_from_everywhere()
    {
        var image = new Volume<float>([.. Enumerable.Range(0, 9 * 8).Select(i => (float)i)], 1, 9, 8);
        var patch = new PatchExtents(1, 4, 3);
        var corners = new HashSet<int>();
        for (var seed = 0; seed < 500; seed++)
        {
            var values = Image(image, patch, PatchGeometry.Draw(new RandomSource(seed), patch, Extents(image), AugmentationOptions.None, false));
            corners.Add((int)values[0]);
            Assert.That(values, Is.EqualTo(Enumerable.Range(0, 12).Select(i => values[0] + i / 3 * 8 + i % 3)), $"seed {seed}");
        }

        Assert.That(corners, Has.Count.EqualTo(6 * 6));
    }

    /// <summary>In a plane, flips and quarter turns give the 8 symmetries of the square, each an exact copy.</summary>
    [Test]
    public void Flips_and_quarter_turns_of_a_plane_are_the_eight_symmetries()
    {
        const int n = 5;
        var image = Noise(3, 1, n, n);
        Func<int, int, (int, int)>[] symmetries =
        [
            (y, x) => (y, x), (y, x) => (y, n - 1 - x), (y, x) => (n - 1 - y, x), (y, x) => (n - 1 - y, n - 1 - x),
            (y, x) => (x, y), (y, x) => (x, n - 1 - y), (y, x) => (n - 1 - x, y), (y, x) => (n - 1 - x, n - 1 - y),
        ];
        var expected = symmetries.Select(symmetry => string.Join(' ', Enumerable.Range(0, n * n).Select(i =>
        {
            var (y, x) = symmetry(i / n, i % n);
            return image[0, y, x];
        })));
        var seen = new HashSet<string>();
        for (var seed = 0; seed < 200; seed++)
            seen.Add(WholeImage(image, Turns, allAxes: true, seed));
        Assert.That(seen, Is.EquivalentTo(expected));
    }

    [TestCase(true, true, true, 48)]
    [TestCase(true, false, true, 24)]
    [TestCase(true, true, false, 16)]
    [TestCase(true, false, false, 4)]
    [TestCase(false, true, true, 8)]
    [TestCase(false, false, true, 1)]
    public void A_volume_has_as_many_symmetries_as_its_options_allow(bool turns, bool flips, bool allAxes, int expected)
    {
        var image = Noise(4, 3, 3, 3);
        var options = AugmentationOptions.None with { QuarterTurns = turns, Flips = flips ? FlipAxes.All : FlipAxes.None };
        var seen = new HashSet<string>();
        for (var seed = 0; seed < 1500; seed++)
            seen.Add(WholeImage(image, options, allAxes, seed));
        Assert.That(seen, Has.Count.EqualTo(expected));
    }

    [Test]
    public void Axes_that_do_not_fit_are_not_exchanged()
    {
        var image = new PatchExtents(1, 6, 20);
        var patch = new PatchExtents(1, 6, 10);
        for (var seed = 0; seed < 100; seed++)
            AssertWithin(PatchGeometry.Draw(new RandomSource(seed), patch, image, Turns, false), patch, image, $"seed {seed}");
    }

    /// <summary>Positions never leave the image by more than half a voxel, whatever zoom and rotation are drawn.</summary>
    [TestCase(1, 16, 16, 1, 16, 16)]
    [TestCase(1, 13, 7, 1, 31, 18)]
    [TestCase(4, 9, 7, 4, 21, 16)]
    [TestCase(5, 6, 7, 9, 8, 7)]
    public void The_region_stays_within_the_image(int pd, int ph, int pw, int d, int h, int w)
    {
        var (patch, image) = (new PatchExtents(pd, ph, pw), new PatchExtents(d, h, w));
        var options = Everything with { ElasticDeviation = 0 };
        for (var seed = 0; seed < 300; seed++)
            AssertWithin(PatchGeometry.Draw(new RandomSource(seed), patch, image, options, seed % 2 == 0), patch, image, $"seed {seed}");
    }

    private static void AssertWithin(PatchGeometry geometry, PatchExtents patch, PatchExtents image, string message)
    {
        var (z, y, x) = (new double[patch.Width], new double[patch.Width], new double[patch.Width]);
        for (var row = 0; row < patch.Depth * patch.Height; row++)
        {
            geometry.Row(row / patch.Height, row % patch.Height, z, y, x);
            foreach (var (positions, extent) in new[] { (z, image.Depth), (y, image.Height), (x, image.Width) })
                Assert.That(positions.Min() >= -0.5 && positions.Max() <= extent - 0.5, message);
        }
    }

    /// <summary>Coordinates as image values: what is interpolated is where it was read, so that the map's linear part can be measured.</summary>
    [Test]
    public void Zoom_and_rotation_have_the_drawn_size()
    {
        var image = new PatchExtents(1, 100, 100);
        var patch = new PatchExtents(1, 20, 20);
        var (z, y, x) = (new double[20], new double[20], new double[20]);
        var sides = new List<double>();
        for (var seed = 0; seed < 500; seed++)
        {
            var options = AugmentationOptions.None with { Scale = new DrawRange(0.5, 2), RotationDegrees = 30 };
            PatchGeometry.Draw(new RandomSource(seed), patch, image, options, false).Row(0, 0, z, y, x);
            var (dy, dx) = (y[1] - y[0], x[1] - x[0]);
            sides.Add(Math.Sqrt(dy * dy + dx * dx));
            Assert.That(Math.Abs(Math.Atan2(dy, dx)), Is.LessThan(Math.PI / 6 + 1e-9), $"seed {seed}");
        }

        Assert.That(sides.Min(), Is.InRange(Math.Sqrt(0.5) - 1e-9, 0.72));
        Assert.That(sides.Max(), Is.InRange(1.38, Math.Sqrt(2) + 1e-9));
    }

    /// <summary>
    /// An image that equals its labels: linear interpolation of values that agree around a position gives that value, so image and label must be
    /// equal wherever no boundary is near.
    /// </summary>
    [TestCase(1, 40, 33, 1, 24, 17)]
    [TestCase(1, 40, 33, 1, 40, 33)]
    [TestCase(20, 21, 22, 12, 11, 9)]
    public void Image_and_labels_go_together(int d, int h, int w, int pd, int ph, int pw)
    {
        var labels = new Volume<int>(d, h, w);
        for (var i = 0; i < labels.Data.Length; i++)
            labels.Data[i] = 1 + i / (h * w) / 7 + 4 * (i / w % h / 7) + 40 * (i % w / 7);
        var image = new Volume<float>([.. labels.Data.Select(v => (float)v)], d, h, w);
        var patch = new PatchExtents(pd, ph, pw);
        var resampler = new PatchResampler(patch);
        for (var seed = 0; seed < 60; seed++)
        {
            var geometry = PatchGeometry.Draw(new RandomSource(seed), patch, Extents(image), Everything, allAxes: true);
            var (values, objects) = (new float[patch.VoxelCount], new int[patch.VoxelCount]);
            resampler.Image(image, geometry, values);
            Assert.That(resampler.Labels(labels, geometry, objects));
            // A whole number is the value of an even neighbourhood; a mixture hits one only by chance.
            var (equal, mixed) = (0, 0);
            for (var i = 0; i < values.Length; i++)
                if (Math.Abs(values[i] - objects[i]) < 1e-3)
                    equal++;
                else if (Math.Abs(values[i] - MathF.Round(values[i])) > 1e-3)
                    mixed++;
            Assert.That(equal, Is.GreaterThan(values.Length * (d == 1 ? 0.5 : 0.3)), $"seed {seed}");
            Assert.That(equal + mixed, Is.GreaterThan(values.Length * 0.97), $"seed {seed}");
        }
    }

    /// <summary>Linear interpolation reproduces a linear image exactly, wherever it is read.</summary>
    [TestCase(1, 30, 31)]
    [TestCase(17, 19, 18)]
    public void Interpolation_is_linear(int d, int h, int w)
    {
        var image = new Volume<float>(d, h, w, 2);
        for (var i = 0; i < image.VoxelCount; i++)
        {
            var (z, y, x) = (i / (h * w), i / w % h, i % w);
            (image[z, y, x, 0], image[z, y, x, 1]) = (2 * z + 3 * y - x, z - y + 0.5f * x);
        }

        var patch = new PatchExtents(d == 1 ? 1 : 9, 10, 11);
        var (pz, py, px) = (new double[11], new double[11], new double[11]);
        var options = Turns with { RotationDegrees = 45, Scale = new DrawRange(0.5, 0.9) };
        for (var seed = 0; seed < 20; seed++)
        {
            var geometry = PatchGeometry.Draw(new RandomSource(seed), patch, Extents(image), options, true);
            var values = Image(image, patch, geometry);
            for (var row = 0; row < patch.Depth * patch.Height; row++)
            {
                geometry.Row(row / patch.Height, row % patch.Height, pz, py, px);
                for (var x = 0; x < 11; x++)
                {
                    var (a, b, c) = (Math.Clamp(pz[x], 0, d - 1), Math.Clamp(py[x], 0, h - 1), Math.Clamp(px[x], 0, w - 1));
                    Assert.That(values[2 * (row * 11 + x)], Is.EqualTo(2 * a + 3 * b - c).Within(1e-3), $"seed {seed}");
                    Assert.That(values[2 * (row * 11 + x) + 1], Is.EqualTo(a - b + 0.5 * c).Within(1e-3), $"seed {seed}");
                }
            }
        }
    }

    [Test]
    public void Elastic_deformation_is_smooth_and_of_the_stated_size()
    {
        var patch = new PatchExtents(1, 60, 70);
        var options = AugmentationOptions.None with { ElasticDeviation = 4, ElasticSpacing = 16 };
        var (z, y, x) = (new double[70], new double[70], new double[70]);
        var squares = 0.0;
        for (var seed = 0; seed < 100; seed++)
        {
            PatchGeometry.Draw(new RandomSource(seed), patch, patch, options, false).Row(0, 31, z, y, x);
            Assert.That(z, Is.All.Zero);
            for (var i = 0; i < 70; i++)
            {
                squares += (x[i] - i) * (x[i] - i) / 7000;
                if (i > 0)
                    Assert.That(Math.Abs(y[i] - y[i - 1]), Is.LessThan(1.5), $"seed {seed}");
            }
        }

        // The squares of the spline's weights sum to about 0.48 per axis.
        Assert.That(Math.Sqrt(squares), Is.InRange(1.5, 2.3));
    }

    [Test]
    public void A_target_is_within_the_region()
    {
        var image = new PatchExtents(1, 50, 40);
        var patch = new PatchExtents(1, 9, 7);
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new RandomSource(seed);
            var (ty, tx) = (random.NextInt(50), random.NextInt(40));
            var labels = new Volume<int>(1, 50, 40) { [0, ty, tx] = 1 };
            var geometry = PatchGeometry.Draw(random, patch, image, Turns, false, (0, ty, tx));
            Assert.That(new PatchResampler(patch).Labels(labels, geometry, new int[patch.VoxelCount]), $"seed {seed}");
        }
    }

    /// <summary>torchvision's RandomResizedCrop: areas and aspects are those asked for, the region lies within the image, whatever the sizes of the two.</summary>
    [TestCase(448, 448, 500, 530, 0.7, 1)]
    [TestCase(448, 448, 441, 441, 0.7, 1)]
    [TestCase(384, 768, 1024, 2048, 0.5, 2)]
    public void A_crop_relative_to_the_image(int ph, int pw, int h, int w, double from, double to)
    {
        var (patch, image) = (new PatchExtents(1, ph, pw), new PatchExtents(1, h, w));
        var options = AugmentationOptions.None with { ScaleOf = ScaleReference.Image, Scale = new DrawRange(from, to), Flips = FlipAxes.Horizontal };
        var (z, y, x) = (new double[pw], new double[pw], new double[pw]);
        var areas = new List<double>();
        for (var seed = 0; seed < 200; seed++)
        {
            var geometry = PatchGeometry.Draw(new RandomSource(seed), patch, image, options, allAxes: false);
            geometry.Row(0, 0, z, y, x);
            var (top, left, right) = (y[0], x[0], x[^1]);
            geometry.Row(0, ph - 1, z, y, x);
            var (height, width) = ((y[0] - top) * ph / (ph - 1), Math.Abs(right - left) * pw / (pw - 1));
            Assert.That(y[0], Is.GreaterThan(top), "never upside down");
            Assert.That(Math.Min(left, right) >= -0.5 && Math.Max(left, right) <= w - 0.5 && top >= -0.5 && y[0] <= h - 0.5, $"seed {seed}");
            Assert.That(width / height / ((double)pw / ph), Is.InRange(0.74, 1.35), $"seed {seed}");
            areas.Add(height * width / ((double)h * w));
        }

        Assert.That(areas, Has.All.InRange(from - 0.01, 1.0001));
        Assert.That(areas.Max() - areas.Min(), Is.GreaterThan(0.2));
    }

    [Test]
    public void Horizontal_flips_alone_are_two_views()
    {
        var image = Noise(4, 1, 5, 5);
        var options = AugmentationOptions.None with { Flips = FlipAxes.Horizontal };
        Assert.That(Enumerable.Range(0, 100).Select(seed => WholeImage(image, options, false, seed)).Distinct().Count(), Is.EqualTo(2));
    }

    [Test]
    public void Resizing_keeps_what_is_constant_and_labels_come_back()
    {
        var labels = new Volume<int>([.. Enumerable.Range(0, 2 * 40 * 60).Select(i => i / 60 % 40 / 10 * 6 + i % 60 / 10)], 2, 40, 60);
        var image = new Volume<float>(Array.ConvertAll(labels.Data, l => (float)l), 2, 40, 60) { VoxelSize = new VoxelSize(3, 2, 1) };
        var small = Resizing.Image(image, new PatchExtents(1, 20, 30));
        Assert.That((small.Depth, small.Height, small.Width, small.VoxelSize), Is.EqualTo((2, 20, 30, new VoxelSize(3, 4, 2))));
        var back = Resizing.Labels(Resizing.Labels(labels, new PatchExtents(1, 20, 30)), new PatchExtents(1, 40, 60));
        Assert.That(back.Data, Is.EqualTo(labels.Data));
        Assert.That(small[1, 7, 8], Is.EqualTo(labels[1, 14, 16]).Within(1e-5f));
    }
}
