using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Demo;

/// <summary>
/// Draws images that look like fluorescence microscopy of crowded cells, with exact labels: irregular, elongated, touching cells of varying size,
/// brightness, texture and focus, under uneven light, with debris, haze, shot noise and read noise. The values are those of an 8-bit camera.
/// </summary>
internal static class SyntheticCells
{
    /// <summary>
    /// Draws image <paramref name="index"/> of the set <paramref name="seed"/>: a plane with 20 to 45 cells per 256 x 256 pixels or, with
    /// <paramref name="depth"/> above 1, a volume with cells of 6 to 9 voxels radius.
    /// </summary>
    public static (Volume<float> Image, Volume<int> Labels) Draw(long seed, int index, int height = 256, int width = 256, int depth = 1)
    {
        var random = RandomSource.ForIndex(seed, index, 0);
        var extents = new PatchExtents(depth, height, width);
        var (cells, radius) = CellLayout.Draw(random, extents);
        var outline = CellOutlines.Draw(random, extents, cells, radius);
        var light = Light(random, extents, cells, outline, radius);
        AddDebris(random, extents, light, radius);
        Illuminate(random, extents, light);
        Expose(random, light);
        return (new Volume<float>(light, depth, height, width), outline.Labels);
    }

    /// <summary>The light that leaves the sample, blurred by the microscope; a typical cell emits about 1.</summary>
    private static float[] Light(RandomSource random, PatchExtents extents, IReadOnlyList<Cell> cells, CellOutlines outline, double radius)
    {
        var texture = Texture(random, extents, radius);
        var nucleusGain = random.NextBool() ? random.NextDouble(0.25, 0.7) : random.NextDouble(-0.45, -0.2);
        var grain = random.NextDouble(0.15, 0.3);
        var sharp = new float[extents.VoxelCount];
        var defocused = new float[extents.VoxelCount];
        for (var i = 0; i < sharp.Length; i++)
        {
            if (outline.Owner[i] < 0)
                continue;
            var cell = cells[outline.Owner[i]];
            var depth = 1 - outline.Distance[i];
            // Flat in the middle, thinner towards the rim, darker where two cells press against each other.
            var body = 0.35 + 0.65 * Smoothstep(0, 0.55, depth);
            var seam = 0.3 + 0.7 * Smoothstep(0, 0.22, outline.Gap[i]);
            var nucleus = 1 + nucleusGain * Smoothstep(-0.12, 0.12, cell.NucleusSize - outline.NucleusDistance[i]);
            var light = cell.Brightness * body * seam * nucleus * Math.Max(0.15, 1 + grain * texture[i]);
            (cell.OutOfFocus ? defocused : sharp)[i] = (float)light;
        }

        var blur = new GaussianBlur();
        var volume = extents.Depth > 1;
        blur.Apply(sharp, extents, 1, random.NextDouble(0.7, 1.4), volume);
        blur.Apply(defocused, extents, 1, random.NextDouble(1.8, 3), volume);
        for (var i = 0; i < sharp.Length; i++)
            sharp[i] += defocused[i];
        var haze = sharp.ToArray();
        blur.Apply(haze, extents, 1, 0.8 * radius, volume);
        var hazeGain = (float)random.NextDouble(0.05, 0.15);
        for (var i = 0; i < sharp.Length; i++)
            sharp[i] += hazeGain * haze[i];
        return sharp;
    }

    /// <summary>Granules of three sizes, mean 0.</summary>
    private static double[] Texture(RandomSource random, PatchExtents extents, double radius)
    {
        var texture = new double[extents.VoxelCount];
        foreach (var (spacing, deviation) in new[] { (Math.Max(2, radius / 2), 1.2), (Math.Max(2, radius / 4), 1.0), (2.0, 0.7) })
            Add(new SplineField(random, extents, spacing, deviation), extents, texture);
        return texture;
    }

    /// <summary>Small bright specks, and large faint blobs far out of focus.</summary>
    private static void AddDebris(RandomSource random, PatchExtents extents, float[] light, double radius)
    {
        var area = extents.VoxelCount / (extents.Depth > 1 ? 2e5 : 65536.0);
        for (var specks = (int)(random.NextDouble(3, 11) * area); specks > 0; specks--)
            AddSpot(random, extents, light, random.NextDouble(0.6, 1.6), random.NextDouble(0.3, 1.3));
        for (var blobs = (int)(random.NextDouble(0, 4) * area); blobs > 0; blobs--)
            AddSpot(random, extents, light, radius * random.NextDouble(0.4, 1.1), random.NextDouble(0.1, 0.3));
    }

    private static void AddSpot(RandomSource random, PatchExtents extents, float[] light, double sigma, double brightness)
    {
        var (cz, cy, cx) = (random.NextInt(extents.Depth), random.NextInt(extents.Height), random.NextInt(extents.Width));
        var reach = (int)Math.Ceiling(3 * sigma);
        for (var z = Math.Max(0, cz - reach); z < Math.Min(extents.Depth, cz + reach + 1); z++)
            for (var y = Math.Max(0, cy - reach); y < Math.Min(extents.Height, cy + reach + 1); y++)
                for (var x = Math.Max(0, cx - reach); x < Math.Min(extents.Width, cx + reach + 1); x++)
                {
                    var squared = (z - cz) * (z - cz) + (y - cy) * (y - cy) + (x - cx) * (x - cx);
                    light[(z * extents.Height + y) * extents.Width + x] += (float)(brightness * Math.Exp(-0.5 * squared / (sigma * sigma)));
                }
    }

    /// <summary>A cloudy background, and a lamp that is brightest somewhere near the middle.</summary>
    private static void Illuminate(RandomSource random, PatchExtents extents, float[] light)
    {
        var background = new double[extents.VoxelCount];
        Array.Fill(background, random.NextDouble(0.05, 0.15));
        var side = Math.Max(extents.Height, extents.Width);
        Add(new SplineField(random, extents, side / 4.0, 0.03), extents, background);
        var (cy, cx) = (random.NextDouble(0.2, 0.8) * extents.Height, random.NextDouble(0.2, 0.8) * extents.Width);
        var fall = random.NextDouble(0.15, 0.6) / ((double)side * side);
        for (var i = 0; i < light.Length; i++)
        {
            var (y, x) = (i / extents.Width % extents.Height - cy, i % extents.Width - cx);
            light[i] = (float)((light[i] + Math.Max(background[i], 0)) * (1 - fall * (y * y + x * x)));
        }
    }

    /// <summary>Shot noise of a limited number of photons, read noise, gain, and the camera's 256 steps.</summary>
    private static void Expose(RandomSource random, float[] light)
    {
        var photons = random.NextDouble(100, 300);
        var read = random.NextDouble(0.01, 0.03);
        var gain = random.NextDouble(80, 170);
        foreach (ref var value in light.AsSpan())
        {
            var noisy = value + random.NextGaussian() * Math.Sqrt(Math.Max(value, 0) / photons + read * read);
            value = (float)Math.Clamp(Math.Round(noisy * gain), 0, 255);
        }
    }

    private static void Add(SplineField field, PatchExtents extents, Span<double> values)
    {
        for (var row = 0; row < extents.Depth * extents.Height; row++)
            field.AddRow(row / extents.Height, row % extents.Height, values.Slice(row * extents.Width, extents.Width));
    }

    private static double Smoothstep(double from, double to, double x)
    {
        var t = Math.Clamp((x - from) / (to - from), 0, 1);
        return t * t * (3 - 2 * t);
    }
}
