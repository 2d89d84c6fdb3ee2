
namespace Spoco.Engine.Data;

/// <summary>
/// Reads an image and its labels through one <see cref="PatchGeometry"/>: the image bi- or trilinearly, the labels from the nearest voxel.
/// Positions outside the volume are mirrored at its faces, for both alike. Keeps scratch memory: one instance per thread.
/// </summary>
internal sealed class PatchResampler(PatchExtents patch)
{
    private readonly double[] _z = new double[patch.Width];
    private readonly double[] _y = new double[patch.Width];
    private readonly double[] _x = new double[patch.Width];

    /// <summary>The voxels of an image that a geometry touches.</summary>
    public VoxelBox Bounds(PatchGeometry geometry, PatchExtents image)
    {
        var (z, y, x) = (new Span1D(image.Depth), new Span1D(image.Height), new Span1D(image.Width));
        for (var row = 0; row < patch.Depth * patch.Height; row++)
        {
            geometry.Row(row / patch.Height, row % patch.Height, _z, _y, _x);
            for (var i = 0; i < patch.Width; i++)
            {
                z.Include(_z[i]);
                y.Include(_y[i]);
                x.Include(_x[i]);
            }
        }

        return new VoxelBox(z.First, y.First, x.First, z.Count, y.Count, x.Count);
    }

    /// <summary>Interpolates the image into <paramref name="target"/>, [D, H, W, C] of the patch.</summary>
    public void Image(Volume<float> image, PatchGeometry geometry, Span<float> target) =>
        Image(image, VoxelBox.Of(image), new PatchExtents(image.Depth, image.Height, image.Width), geometry, target);

    /// <summary>Interpolates an image of which only a box is there.</summary>
    /// <param name="image">The voxels of <paramref name="box"/>.</param>
    /// <param name="box">Holds <see cref="Bounds"/>.</param>
    /// <param name="whole">The image's extents.</param>
    /// <param name="geometry">Where the patch comes from.</param>
    /// <param name="target">[D, H, W, C] of the patch.</param>
    public void Image(Volume<float> image, VoxelBox box, PatchExtents whole, PatchGeometry geometry, Span<float> target)
    {
        var rowLength = patch.Width * image.Channels;
        for (var row = 0; row < patch.Depth * patch.Height; row++)
        {
            geometry.Row(row / patch.Height, row % patch.Height, _z, _y, _x);
            var values = target.Slice(row * rowLength, rowLength);
            if (whole.Depth == 1)
                BilinearRow(image, box, whole, values);
            else
                TrilinearRow(image, box, whole, values);
        }
    }

    /// <summary>Reads the labels into <paramref name="target"/>, [D, H, W] of the patch.</summary>
    /// <returns>Whether any voxel is of an object.</returns>
    public bool Labels(Volume<int> labels, PatchGeometry geometry, Span<int> target) =>
        Labels(labels, VoxelBox.Of(labels), new PatchExtents(labels.Depth, labels.Height, labels.Width), geometry, target);

    /// <summary>Reads labels of which only a box is there; parameters as those of the image.</summary>
    /// <returns>Whether any voxel is of an object.</returns>
    public bool Labels(Volume<int> labels, VoxelBox box, PatchExtents whole, PatchGeometry geometry, Span<int> target)
    {
        var any = false;
        var data = labels.Data;
        for (var row = 0; row < patch.Depth * patch.Height; row++)
        {
            geometry.Row(row / patch.Height, row % patch.Height, _z, _y, _x);
            var values = target.Slice(row * patch.Width, patch.Width);
            for (var i = 0; i < values.Length; i++)
            {
                var z = whole.Depth == 1 ? 0 : Nearest(_z[i], whole.Depth) - box.Z;
                var y = Nearest(_y[i], whole.Height) - box.Y;
                var label = data[(z * labels.Height + y) * labels.Width + Nearest(_x[i], whole.Width) - box.X];
                any |= label is > 0 and not LabelRule.Background;
                values[i] = label;
            }
        }

        return any;
    }

    private void BilinearRow(Volume<float> image, VoxelBox box, PatchExtents whole, Span<float> values)
    {
        var (data, channels) = (image.Data, image.Channels);
        for (var i = 0; i < patch.Width; i++)
        {
            var (y0, y1, ty) = Between(_y[i], whole.Height, box.Y);
            var (x0, x1, tx) = Between(_x[i], whole.Width, box.X);
            var (top, bottom) = (y0 * image.Width, y1 * image.Width);
            var (a, b, c, d) = ((top + x0) * channels, (top + x1) * channels, (bottom + x0) * channels, (bottom + x1) * channels);
            for (var channel = 0; channel < channels; channel++)
                values[i * channels + channel] = Mix(
                    Mix(data[a + channel], data[b + channel], tx),
                    Mix(data[c + channel], data[d + channel], tx), ty);
        }
    }

    private void TrilinearRow(Volume<float> image, VoxelBox box, PatchExtents whole, Span<float> values)
    {
        var (data, channels, width) = (image.Data, image.Channels, image.Width);
        for (var i = 0; i < patch.Width; i++)
        {
            var (z0, z1, tz) = Between(_z[i], whole.Depth, box.Z);
            var (y0, y1, ty) = Between(_y[i], whole.Height, box.Y);
            var (x0, x1, tx) = Between(_x[i], whole.Width, box.X);
            var (near, far) = (z0 * image.Height, z1 * image.Height);
            var (a, b) = (((near + y0) * width + x0) * channels, ((near + y1) * width + x0) * channels);
            var (c, d) = (((far + y0) * width + x0) * channels, ((far + y1) * width + x0) * channels);
            var right = (x1 - x0) * channels;
            for (var channel = 0; channel < channels; channel++)
                values[i * channels + channel] = Mix(
                    Mix(Mix(data[a + channel], data[a + right + channel], tx), Mix(data[b + channel], data[b + right + channel], tx), ty),
                    Mix(Mix(data[c + channel], data[c + right + channel], tx), Mix(data[d + channel], data[d + right + channel], tx), ty), tz);
        }
    }

    private static float Mix(float from, float to, float t) => from + (to - from) * t;

    private static int Nearest(double position, int extent) => (int)(Fold(position, extent) + 0.5);

    /// <summary>The two voxels around a position, counted from <paramref name="origin"/>, and how far it is from the first to the second.</summary>
    private static (int First, int Second, float Part) Between(double position, int extent, int origin)
    {
        var folded = Fold(position, extent);
        var first = (int)folded;
        return (first - origin, (first + 1 < extent ? first + 1 : first) - origin, (float)(folded - first));
    }

    /// <summary>Mirrors a position at the outer faces, -1/2 and extent - 1/2, and keeps it between the outermost voxel centres.</summary>
    private static double Fold(double position, int extent)
    {
        while (position < -0.5 || position > extent - 0.5)
            position = position < -0.5 ? -1 - position : 2 * extent - 1 - position;
        return Math.Min(Math.Max(position, 0), extent - 1);
    }

    /// <summary>The voxels along one axis that positions touch.</summary>
    private struct Span1D(int extent)
    {
        private double _low = double.PositiveInfinity;
        private double _high = double.NegativeInfinity;

        public readonly int First => (int)_low;

        public readonly int Count => Math.Min((int)_high + 1, extent - 1) - First + 1;

        public void Include(double position)
        {
            var folded = Fold(position, extent);
            _low = Math.Min(_low, folded);
            _high = Math.Max(_high, folded);
        }
    }
}
