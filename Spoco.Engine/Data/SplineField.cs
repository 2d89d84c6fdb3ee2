
namespace Spoco.Engine.Data;

/// <summary>
/// A smooth random field over a patch or an image: normally distributed control points on a coarse grid, joined by cubic B-splines.
/// Away from its control points a plane's field has about half their deviation. Not safe under several threads.
/// </summary>
internal sealed class SplineField
{
    private readonly double _spacing;
    private readonly int _layers, _rows, _columns;

    // [layer, row, column]
    private readonly float[] _control;
    private readonly double[] _line;

    /// <summary>Draws the control points.</summary>
    /// <param name="random">Decides everything.</param>
    /// <param name="extents">The voxels to cover.</param>
    /// <param name="spacing">Distance of control points in voxels.</param>
    /// <param name="deviation">Deviation of control points.</param>
    public SplineField(RandomSource random, PatchExtents extents, double spacing, double deviation)
    {
        _spacing = spacing;
        _layers = extents.Depth == 1 ? 1 : Points(extents.Depth);
        _rows = Points(extents.Height);
        _columns = Points(extents.Width);
        _line = new double[_columns];
        _control = new float[_layers * _rows * _columns];
        foreach (ref var point in _control.AsSpan())
            point = (float)(random.NextGaussian() * deviation);
    }

    /// <summary>Adds the field at the voxels (z, y, 0 .. W - 1) to <paramref name="values"/>.</summary>
    public void AddRow(int z, int y, Span<double> values)
    {
        Array.Clear(_line);
        var (layer, row) = ((int)(z / _spacing), (int)(y / _spacing));
        for (var k = 0; k < (_layers == 1 ? 1 : 4); k++)
        {
            var layerWeight = _layers == 1 ? 1 : Weight(k, z / _spacing - layer);
            for (var j = 0; j < 4; j++)
            {
                var weight = layerWeight * Weight(j, y / _spacing - row);
                var points = _control.AsSpan(((layer + k) * _rows + row + j) * _columns, _columns);
                for (var i = 0; i < points.Length; i++)
                    _line[i] += weight * points[i];
            }
        }

        // Between two control points the line is one cubic polynomial.
        var (from, c0, c1, c2, c3) = (-1, 0.0, 0.0, 0.0, 0.0);
        for (var x = 0; x < values.Length; x++)
        {
            var column = (int)(x / _spacing);
            if (column != from)
            {
                var (p0, p1, p2, p3) = (_line[column], _line[column + 1], _line[column + 2], _line[column + 3]);
                (from, c0, c1, c2, c3) = (column, (p0 + 4 * p1 + p2) / 6, (p2 - p0) / 2, (p0 - 2 * p1 + p2) / 2, (p3 - p0 + 3 * (p1 - p2)) / 6);
            }

            var t = x / _spacing - column;
            values[x] += c0 + t * (c1 + t * (c2 + t * c3));
        }
    }

    // The spline of a voxel needs one control point before its cell and two after.
    private int Points(int extent) => (int)((extent - 1) / _spacing) + 4;

    /// <summary>Cubic B-spline weight of control point k of the four around a position t of its cell.</summary>
    private static double Weight(int k, double t) => k switch
    {
        0 => (1 - t) * (1 - t) * (1 - t) / 6,
        1 => (3 * t * t * t - 6 * t * t + 4) / 6,
        2 => (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6,
        _ => t * t * t / 6,
    };
}
