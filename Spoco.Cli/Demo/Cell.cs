using Spoco.Cli.Data;
using Spoco.Engine;

namespace Spoco.Cli.Demo;

/// <summary>An ellipsoid, bent along its longest axis, that a cell is made from; coordinates are z, y, x.</summary>
internal sealed class Cell
{
    // Rows are the principal axes, each divided by its half length.
    private readonly double[,] _axes = new double[3, 3];
    private readonly double _bend;
    private readonly double[] _nucleus;

    public Cell(RandomSource random, double[] centre, double radius, bool volume)
    {
        (Centre, Radius) = (centre, radius);
        Brightness = Math.Clamp(Math.Exp(0.35 * random.NextGaussian()), 0.4, 2.2);
        OutOfFocus = random.NextBool(0.2);
        NucleusSize = random.NextDouble(0.3, 0.5);
        _bend = random.NextDouble(-0.35, 0.35);
        var elongation = random.NextDouble(1, 2.2);
        Reach = radius * Math.Sqrt(elongation) * 1.4;
        var (along, across) = (radius * Math.Sqrt(elongation), radius / Math.Sqrt(elongation));
        var (sin, cos) = Math.SinCos(random.NextDouble(0, 2 * Math.PI));
        // A plane turns about z; a volume's long axis also tilts out of the plane.
        var (tiltSin, tiltCos) = Math.SinCos(volume ? Math.Asin(random.NextDouble(-1, 1)) : 0);
        double[,] rows = { { tiltSin, sin * tiltCos, cos * tiltCos }, { 0, cos, -sin }, { tiltCos, -sin * tiltSin, -cos * tiltSin } };
        for (var row = 0; row < 3; row++)
            for (var axis = 0; axis < 3; axis++)
                _axes[row, axis] = rows[row, axis] / (row == 0 ? along : row == 1 ? across : radius);
        _nucleus = [random.NextDouble(-0.2, 0.2), random.NextDouble(-0.15, 0.15), 0];
    }

    /// <summary>Position z, y, x.</summary>
    public double[] Centre { get; }

    /// <summary>Radius of the disc or ball of about the same size.</summary>
    public double Radius { get; }

    /// <summary>No part of the cell is farther than this from the centre.</summary>
    public double Reach { get; }

    public double Brightness { get; }

    public bool OutOfFocus { get; }

    /// <summary>Size of the nucleus relative to the cell.</summary>
    public double NucleusSize { get; }

    /// <summary>0 in the centre, 1 on the outline; and the distance from the nucleus' centre in the same measure.</summary>
    public (double Cell, double Nucleus) Distance(double z, double y, double x)
    {
        var (dz, dy, dx) = (z - Centre[0], y - Centre[1], x - Centre[2]);
        var u = _axes[0, 0] * dz + _axes[0, 1] * dy + _axes[0, 2] * dx;
        var v = _axes[1, 0] * dz + _axes[1, 1] * dy + _axes[1, 2] * dx;
        var w = _axes[2, 0] * dz + _axes[2, 1] * dy + _axes[2, 2] * dx;
        v += _bend * (u * u - 0.3);
        var (nu, nv) = (u - _nucleus[0], v - _nucleus[1]);
        return (Math.Sqrt(u * u + v * v + w * w), Math.Sqrt(nu * nu + nv * nv + w * w));
    }
}

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
        var count = random.NextDouble(26, 42) * extents.Height * extents.Width / 65536;
        var radius = volume ? random.NextDouble(6, 9) : Math.Sqrt(coverage * 65536 / (Math.PI * count * 65536 / ((double)extents.Height * extents.Width)));
        if (volume)
            count = coverage * extents.VoxelCount / (4.0 / 3 * Math.PI * radius * radius * radius);

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
