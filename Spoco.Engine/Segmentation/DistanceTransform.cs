namespace Spoco.Engine.Segmentation;

/// <summary>
/// Exact Euclidean distance to the background, by lower envelopes of parabolas along one axis after the other (Felzenszwalb and Huttenlocher 2012):
/// linear in the number of voxels.
/// </summary>
public static class DistanceTransform
{
    /// <summary>The distance of every foreground voxel's centre to the centre of the nearest background voxel.</summary>
    /// <param name="mask">0 = background. What lies outside the image is not background.</param>
    /// <param name="spacing">Voxel edge lengths; null: 1 along every axis.</param>
    /// <returns>Distances, [D, H, W]: 0 on the background, positive infinity everywhere when there is no background.</returns>
    /// <exception cref="ArgumentException">A spacing is not positive and finite, or the mask has several channels.</exception>
    public static Volume<float> ToBackground(Volume<byte> mask, VoxelSize? spacing = null)
    {
        ArgumentNullException.ThrowIfNull(mask);
        LabelImage.CheckSingleChannel(mask, "DistanceTransform");
        var size = spacing ?? new VoxelSize(1, 1, 1);
        foreach (var edge in (ReadOnlySpan<double>)[size.Z, size.Y, size.X])
            if (!(edge > 0) || !double.IsFinite(edge))
                throw new ArgumentException($"DistanceTransform: the spacing must be positive and finite, got {size}.");

        var squared = Array.ConvertAll(mask.Data, m => m == 0 ? 0 : double.PositiveInfinity);
        var (depth, height, width) = (mask.Depth, mask.Height, mask.Width);
        var line = new Line(Math.Max(depth, Math.Max(height, width)));
        for (var row = 0; row < depth * height; row++)
            line.Transform(squared, row * width, 1, width, size.X);
        for (var z = 0; z < depth; z++)
            for (var x = 0; x < width; x++)
                line.Transform(squared, z * height * width + x, width, height, size.Y);
        if (depth > 1)
            for (var column = 0; column < height * width; column++)
                line.Transform(squared, column, height * width, depth, size.Z);
        return new Volume<float>(Array.ConvertAll(squared, v => (float)Math.Sqrt(v)), depth, height, width) { VoxelSize = mask.VoxelSize };
    }

    /// <summary>Replaces f by min over q of (spacing (p - q))^2 + f(q) along one line.</summary>
    private sealed class Line(int longest)
    {
        private readonly double[] _values = new double[longest];
        private readonly int[] _vertex = new int[longest];
        private readonly double[] _from = new double[longest];

        public void Transform(double[] squared, int start, int stride, int count, double spacing)
        {
            var parabolas = 0;
            for (var q = 0; q < count; q++)
            {
                var value = _values[q] = squared[start + q * stride];
                if (double.IsPositiveInfinity(value))
                    continue;
                var from = double.NegativeInfinity;
                while (parabolas > 0)
                {
                    var v = _vertex[parabolas - 1];
                    // Where the parabolas of q and v meet, in voxels.
                    from = ((value - _values[v]) / (spacing * spacing) + (double)q * q - (double)v * v) / (2.0 * (q - v));
                    if (from > _from[parabolas - 1])
                        break;
                    parabolas--;
                    from = double.NegativeInfinity;
                }
                (_vertex[parabolas], _from[parabolas]) = (q, from);
                parabolas++;
            }
            if (parabolas == 0)
                return;
            for (int p = 0, k = 0; p < count; p++)
            {
                while (k + 1 < parabolas && _from[k + 1] < p)
                    k++;
                var distance = spacing * (p - _vertex[k]);
                squared[start + p * stride] = distance * distance + _values[_vertex[k]];
            }
        }
    }
}
