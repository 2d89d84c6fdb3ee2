using Spoco.Engine;

namespace Spoco.Cli.Data;

/// <summary>
/// A smooth random displacement of every voxel of a patch: normally distributed control points on a coarse grid, joined by cubic B-splines.
/// </summary>
internal sealed class ElasticField
{
    private readonly double _spacing;
    private readonly int _layers, _rows, _columns;

    // Control displacements [axis][layer, row, column].
    private readonly float[][] _control = new float[3][];
    private readonly double[] _line;

    private ElasticField(PatchExtents patch, double spacing)
    {
        _spacing = spacing;
        _layers = patch.Depth == 1 ? 1 : Points(patch.Depth);
        _rows = Points(patch.Height);
        _columns = Points(patch.Width);
        _line = new double[_columns];
    }

    /// <summary>Draws the control points.</summary>
    /// <param name="random">Decides everything.</param>
    /// <param name="patch">The patch to cover.</param>
    /// <param name="spacing">Distance of control points in voxels.</param>
    /// <param name="deviation">Deviation of control points in voxels.</param>
    /// <param name="allAxes">Whether voxels also move along z.</param>
    public static ElasticField Draw(RandomSource random, PatchExtents patch, double spacing, double deviation, bool allAxes)
    {
        var field = new ElasticField(patch, spacing);
        for (var axis = allAxes ? 0 : 1; axis < 3; axis++)
        {
            var control = field._control[axis] = new float[field._layers * field._rows * field._columns];
            for (var i = 0; i < control.Length; i++)
                control[i] = (float)(random.NextGaussian() * deviation);
        }

        return field;
    }

    /// <summary>Adds the displacement of the voxels (z, y, 0 .. W - 1) to their coordinates.</summary>
    public void AddRow(int z, int y, Span<double> pz, Span<double> py, Span<double> px)
    {
        AddRow(0, z, y, pz);
        AddRow(1, z, y, py);
        AddRow(2, z, y, px);
    }

    private void AddRow(int axis, int z, int y, Span<double> coordinates)
    {
        if (_control[axis] is not { } control)
            return;
        Array.Clear(_line);
        var (layer, row) = ((int)(z / _spacing), (int)(y / _spacing));
        for (var k = 0; k < (_layers == 1 ? 1 : 4); k++)
        {
            var layerWeight = _layers == 1 ? 1 : Weight(k, z / _spacing - layer);
            for (var j = 0; j < 4; j++)
            {
                var weight = layerWeight * Weight(j, y / _spacing - row);
                var points = control.AsSpan(((layer + k) * _rows + row + j) * _columns, _columns);
                for (var i = 0; i < points.Length; i++)
                    _line[i] += weight * points[i];
            }
        }

        for (var x = 0; x < coordinates.Length; x++)
        {
            var column = (int)(x / _spacing);
            var t = x / _spacing - column;
            coordinates[x] += Weight(0, t) * _line[column] + Weight(1, t) * _line[column + 1]
                + Weight(2, t) * _line[column + 2] + Weight(3, t) * _line[column + 3];
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
