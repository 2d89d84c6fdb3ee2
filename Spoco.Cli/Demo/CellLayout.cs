using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Demo;

/// <summary>Where the cells of an image lie.</summary>
internal static class CellLayout
{
    private const int Attempts = 400;

    // Centres are at least this part of the sum of the two radii apart: cells touch and press, but no cell covers another.
    private const double Closest = 0.8;

    /// <summary>Draws the cells, most of them beside another one, and their typical radius.</summary>
    public static (IReadOnlyList<Cell> Cells, double Radius) Draw(RandomSource random, PatchExtents extents)
    {
        var volume = extents.Depth > 1;
        var coverage = random.NextDouble(0.42, 0.68);
        double count, radius;
        if (volume)
        {
            radius = random.NextDouble(6, 9);
            count = coverage * extents.VoxelCount / (4.0 / 3 * Math.PI * radius * radius * radius);
        }
        else
        {
            count = random.NextDouble(26, 42) * extents.VoxelCount / 65536;
            radius = Math.Sqrt(coverage * extents.VoxelCount / (Math.PI * count));
        }

        var cells = new List<Cell>();
        for (var i = 0; i < Math.Max(1, (int)count); i++)
        {
            var size = radius * Math.Clamp(Math.Exp(0.18 * random.NextGaussian()), 0.7, 1.4);
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var centre = Place(random, extents, cells, size);
                if (!IsFree(extents, cells, centre, size))
                    continue;
                cells.Add(new Cell(random, centre, size, volume));
                break;
            }
        }

        return (cells, radius);
    }

    private static double[] Place(RandomSource random, PatchExtents extents, List<Cell> cells, double radius)
    {
        if (cells.Count == 0 || random.NextBool(0.3))
            return [random.NextDouble(0, extents.Depth - 1), random.NextDouble(0, extents.Height - 1), random.NextDouble(0, extents.Width - 1)];
        var neighbour = cells[random.NextInt(cells.Count)];
        var distance = (neighbour.Radius + radius) * random.NextDouble(Closest, 1.05);
        var (sin, cos) = Math.SinCos(random.NextDouble(0, 2 * Math.PI));
        var up = extents.Depth > 1 ? random.NextDouble(-1, 1) : 0;
        var flat = Math.Sqrt(1 - up * up);
        return [neighbour.Centre[0] + distance * up, neighbour.Centre[1] + distance * flat * sin, neighbour.Centre[2] + distance * flat * cos];
    }

    private static bool IsFree(PatchExtents extents, List<Cell> cells, double[] centre, double radius)
    {
        if (centre[0] < 0 || centre[1] < 0 || centre[2] < 0
            || centre[0] > extents.Depth - 1 || centre[1] > extents.Height - 1 || centre[2] > extents.Width - 1)
            return false;
        foreach (var cell in cells)
        {
            var (z, y, x) = (centre[0] - cell.Centre[0], centre[1] - cell.Centre[1], centre[2] - cell.Centre[2]);
            var closest = Closest * (radius + cell.Radius);
            if (z * z + y * y + x * x < closest * closest)
                return false;
        }

        return true;
    }
}
