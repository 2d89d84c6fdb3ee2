
namespace Spoco.Engine.Data;

/// <summary>
/// Where every voxel of a patch comes from: p = centre + M (q - patch centre) + displacement(q), with M = zoom * rotation * signed permutation.
/// Crop, zoom, flips, quarter turns, rotation and deformation are this one map, so that values are interpolated once.
/// <para>
/// Coordinates are voxel centres: voxel i covers [i - 1/2, i + 1/2). The region lies within the image; only the elastic displacement may leave it.
/// </para>
/// </summary>
internal sealed class PatchGeometry
{
    private readonly PatchExtents _patch;
    private readonly double[,] _matrix = new double[3, 3];
    private readonly double[] _centre = new double[3];
    private readonly SplineField?[] _displacement = new SplineField?[3];

    private PatchGeometry(PatchExtents patch) => _patch = patch;

    /// <summary>All of a plane, resized to the patch.</summary>
    public static PatchGeometry Whole(PatchExtents patch, PatchExtents image)
    {
        var geometry = new PatchGeometry(patch);
        Span<int> extents = [patch.Depth, patch.Height, patch.Width];
        Span<int> limits = [image.Depth, image.Height, image.Width];
        for (var a = 0; a < 3; a++)
        {
            geometry._matrix[a, a] = (double)limits[a] / extents[a];
            geometry._centre[a] = (limits[a] - 1) / 2.0;
        }

        return geometry;
    }

    /// <summary>
    /// Draws a geometry for an image of the given extents, which the patch must fit into as it is. Axis orders that do not fit are not drawn; a zoom
    /// or rotation whose region is larger than the image is zoomed in until it fits.
    /// </summary>
    /// <param name="random">Decides everything.</param>
    /// <param name="patch">The patch.</param>
    /// <param name="image">The image's extents.</param>
    /// <param name="options">What may vary.</param>
    /// <param name="allAxes">Whether z is treated like y and x; see <see cref="GeometryAxes"/>.</param>
    /// <param name="target">An image voxel (z, y, x) that the region is placed on; null to place it anywhere.</param>
    public static PatchGeometry Draw(
        RandomSource random, PatchExtents patch, PatchExtents image, AugmentationOptions options, bool allAxes, (int Z, int Y, int X)? target = null)
    {
        Span<int> extents = [patch.Depth, patch.Height, patch.Width];
        Span<int> limits = [image.Depth, image.Height, image.Width];
        var volume = patch.Depth > 1;
        allAxes &= volume;

        var geometry = new PatchGeometry(patch);
        if (options.ElasticDeviation > 0)
            for (var a = allAxes ? 0 : 1; a < 3; a++)
                geometry._displacement[a] = new SplineField(random, patch, options.ElasticSpacing, options.ElasticDeviation);
        var matrix = geometry._matrix;
        var permutation = DrawPermutation(random, patch, image, options, allAxes);
        for (var b = 0; b < 3; b++)
            matrix[permutation.AxisOf(b), b] = permutation.SignOf(b);
        if (options.RotationDegrees > 0)
            Rotate(matrix, random.NextDouble(-1, 1) * options.RotationDegrees * Math.PI / 180, plane: allAxes ? random.NextInt(3) : 0);

        // Sides of the region relative to the patch, at most what the image has room for.
        Span<double> sides = [1, 1, 1];
        if (options.ScaleOf == ScaleReference.Image)
        {
            (sides[1], sides[2]) = DrawRegion(random, patch, image, options);
            (sides[1], sides[2]) = (sides[1] / Reach(matrix, 1, extents), sides[2] / Reach(matrix, 2, extents));
        }
        else
        {
            var side = Math.Sqrt(options.Scale.Draw(random));
            for (var a = allAxes ? 0 : 1; a < 3; a++)
                side = Math.Min(side, limits[a] / Reach(matrix, a, extents));
            sides[(allAxes ? 0 : 1)..].Fill(side);
        }

        for (var a = 0; a < 3; a++)
            for (var b = 0; b < 3; b++)
                matrix[a, b] *= sides[a];

        Span<int> voxel = target is { } t ? [t.Z, t.Y, t.X] : [];
        for (var a = 0; a < 3; a++)
        {
            var region = Reach(matrix, a, extents);
            var (low, high) = (0.0, Math.Max(0, limits[a] - region));
            if (target is not null)
                (low, high) = (Math.Clamp(voxel[a] + 1 - region, 0, high), Math.Clamp(voxel[a], 0.0, high));
            // A region of whole voxels starts at a whole voxel: without zoom and rotation values are copied, not interpolated.
            var start = region == Math.Floor(region) && sides[2] == 1 && options.RotationDegrees == 0
                ? low + random.NextInt((int)(high - low) + 1)
                : random.NextDouble(low, high);
            geometry._centre[a] = start + region / 2 - 0.5;
        }

        return geometry;
    }

    /// <summary>Image coordinates of the patch's voxels (z, y, 0 .. W - 1).</summary>
    public void Row(int z, int y, Span<double> pz, Span<double> py, Span<double> px)
    {
        Row(0, z, y, pz);
        Row(1, z, y, py);
        Row(2, z, y, px);
    }

    private void Row(int axis, int z, int y, Span<double> coordinates)
    {
        var (dz, dy, middle) = (z - (_patch.Depth - 1) / 2.0, y - (_patch.Height - 1) / 2.0, (_patch.Width - 1) / 2.0);
        var start = _centre[axis] + (_matrix[axis, 0] * dz + _matrix[axis, 1] * dy);
        var slope = _matrix[axis, 2];
        for (var x = 0; x < coordinates.Length; x++)
            coordinates[x] = start + slope * (x - middle);
        _displacement[axis]?.AddRow(z, y, coordinates);
    }

    private static AxisPermutation DrawPermutation(
        RandomSource random, PatchExtents patch, PatchExtents image, AugmentationOptions options, bool allAxes)
    {
        Span<int> extents = [patch.Depth, patch.Height, patch.Width];
        Span<int> limits = [image.Depth, image.Height, image.Width];
        Span<int> allowed = stackalloc int[AxisPermutation.All.Count];
        var count = 0;
        for (var i = 0; i < AxisPermutation.All.Count; i++)
        {
            var p = AxisPermutation.All[i];
            var fits = options.ScaleOf == ScaleReference.Image
                || (extents[0] <= limits[p.Z] && extents[1] <= limits[p.Y] && extents[2] <= limits[p.X]);
            var turns = options.QuarterTurns ? allAxes || p.Z == 0 : p.KeepsAxes;
            var flips = options.Flips switch
            {
                FlipAxes.All => patch.Depth > 1 || p.SignZ == 1,
                FlipAxes.Horizontal when p.KeepsAxes => p.SignZ == 1 && p.SignY == 1,
                _ => options.QuarterTurns ? p.IsRotation && (allAxes || p.SignZ == 1) : p == AxisPermutation.All[0],
            };
            if (fits && turns && flips)
                allowed[count++] = i;
        }

        return AxisPermutation.All[allowed[random.NextInt(count)]];
    }

    /// <summary>
    /// Height and width of a region of a plane, as torchvision's RandomResizedCrop draws them: ten tries at an area and an aspect, else the largest region of
    /// an allowed aspect. An area beyond the image's is the image's.
    /// </summary>
    private static (double Height, double Width) DrawRegion(RandomSource random, PatchExtents patch, PatchExtents image, AugmentationOptions options)
    {
        var (area, square) = ((double)image.Height * image.Width, (double)patch.Width / patch.Height);
        for (var i = 0; i < 10; i++)
        {
            var part = Math.Min(1, options.Scale.Draw(random)) * area;
            var aspect = square * Math.Exp(random.NextDouble(Math.Log(options.Aspect.From), Math.Log(options.Aspect.To)));
            var (height, width) = (Math.Round(Math.Sqrt(part / aspect)), Math.Round(Math.Sqrt(part * aspect)));
            if (height >= 1 && height <= image.Height && width >= 1 && width <= image.Width)
                return (height, width);
        }

        var nearest = Math.Clamp((double)image.Width / image.Height, square * options.Aspect.From, square * options.Aspect.To);
        return (Math.Min(image.Height, image.Width / nearest), Math.Min(image.Width, image.Height * nearest));
    }

    /// <summary>Turns within the plane of y and x, of z and x, or of z and y, after what the matrix does already.</summary>
    private static void Rotate(double[,] matrix, double angle, int plane)
    {
        var (first, second) = plane switch { 0 => (1, 2), 1 => (0, 2), _ => (0, 1) };
        var (sin, cos) = Math.SinCos(angle);
        for (var b = 0; b < 3; b++)
            (matrix[first, b], matrix[second, b]) =
                (cos * matrix[first, b] - sin * matrix[second, b], sin * matrix[first, b] + cos * matrix[second, b]);
    }

    /// <summary>Length of the region along an image axis.</summary>
    private static double Reach(double[,] matrix, int axis, ReadOnlySpan<int> extents) =>
        Math.Abs(matrix[axis, 0]) * extents[0] + Math.Abs(matrix[axis, 1]) * extents[1] + Math.Abs(matrix[axis, 2]) * extents[2];
}
