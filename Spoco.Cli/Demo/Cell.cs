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
        Brightness = Math.Clamp(Math.Exp(0.2 * random.NextGaussian()), 0.6, 1.7);
        OutOfFocus = random.NextBool(0.08);
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
