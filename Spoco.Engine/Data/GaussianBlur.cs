using System.Numerics;
using System.Runtime.InteropServices;

namespace Spoco.Engine.Data;

/// <summary>
/// Separable Gaussian blur, mirrored at the borders without repeating the outermost voxel (d c b | a b c d | c b a). A pass along an axis adds
/// shifted, weighted lines to each other, so that it runs on vectors whatever the axis. Keeps scratch memory: one instance per thread.
/// </summary>
internal sealed class GaussianBlur
{
    private float[] _copy = [];
    private float[] _line = [];
    private float[] _weight = [];

    /// <summary>Blurs [D, H, W, C] values in place along y and x and, where <paramref name="allAxes"/>, along z.</summary>
    public void Apply(Span<float> values, PatchExtents extents, int channels, double sigma, bool allAxes = false)
    {
        if (sigma <= 0)
            return;
        var radius = MakeWeights(sigma);
        if (_copy.Length < values.Length)
            _copy = new float[values.Length];
        var plane = extents.Height * extents.Width * channels;
        for (var z = 0; z < extents.Depth; z++)
        {
            var slice = values.Slice(z * plane, plane);
            Columns(slice, extents.Height, extents.Width * channels, radius);
            Rows(slice, extents.Height, extents.Width, channels, radius);
        }

        if (allAxes)
            Columns(values, extents.Depth, plane, radius);
    }

    /// <summary>Weights of the distances 0 .. radius, radius = ceil(3 sigma); they and their mirror images sum to 1.</summary>
    private int MakeWeights(double sigma)
    {
        var radius = (int)Math.Ceiling(3 * sigma);
        if (_weight.Length < radius + 1)
            _weight = new float[radius + 1];
        var sum = 0.0;
        for (var i = -radius; i <= radius; i++)
            sum += Math.Exp(-0.5 * i * i / (sigma * sigma));
        for (var i = 0; i <= radius; i++)
            _weight[i] = (float)(Math.Exp(-0.5 * i * i / (sigma * sigma)) / sum);
        return radius;
    }

    /// <summary>Blurs across <paramref name="count"/> lines of <paramref name="length"/> values each.</summary>
    private void Columns(Span<float> values, int count, int length, int radius)
    {
        values.CopyTo(_copy);
        var from = _copy.AsSpan(0, values.Length);
        for (var at = 0; at < count; at++)
        {
            var line = values.Slice(at * length, length);
            Scale(line, _weight[0]);
            for (var i = 1; i <= radius; i++)
                AddPair(line, from.Slice(Mirror(at - i, count) * length, length), from.Slice(Mirror(at + i, count) * length, length), _weight[i]);
        }
    }

    private void Rows(Span<float> values, int height, int width, int channels, int radius)
    {
        var length = width * channels;
        if (_line.Length < (width + 2 * radius) * channels)
            _line = new float[(width + 2 * radius) * channels];
        for (var y = 0; y < height; y++)
        {
            var row = values.Slice(y * length, length);
            row.CopyTo(_line.AsSpan(radius * channels));
            for (var i = 1; i <= radius; i++)
                for (var c = 0; c < channels; c++)
                {
                    _line[(radius - i) * channels + c] = row[Mirror(-i, width) * channels + c];
                    _line[(radius + width - 1 + i) * channels + c] = row[Mirror(width - 1 + i, width) * channels + c];
                }

            Scale(row, _weight[0]);
            for (var i = 1; i <= radius; i++)
                AddPair(row, _line.AsSpan((radius - i) * channels, length), _line.AsSpan((radius + i) * channels, length), _weight[i]);
        }
    }

    private static void Scale(Span<float> line, float weight)
    {
        var lanes = MemoryMarshal.Cast<float, Vector<float>>(line);
        for (var i = 0; i < lanes.Length; i++)
            lanes[i] *= weight;
        for (var i = lanes.Length * Vector<float>.Count; i < line.Length; i++)
            line[i] *= weight;
    }

    /// <summary>line += weight (before + after).</summary>
    private static void AddPair(Span<float> line, ReadOnlySpan<float> before, ReadOnlySpan<float> after, float weight)
    {
        var sum = MemoryMarshal.Cast<float, Vector<float>>(line);
        var a = MemoryMarshal.Cast<float, Vector<float>>(before);
        var b = MemoryMarshal.Cast<float, Vector<float>>(after);
        for (var i = 0; i < sum.Length; i++)
            sum[i] += weight * (a[i] + b[i]);
        for (var i = sum.Length * Vector<float>.Count; i < line.Length; i++)
            line[i] += weight * (before[i] + after[i]);
    }

    private static int Mirror(int at, int count)
    {
        if (count == 1)
            return 0;
        while (at < 0 || at >= count)
            at = at < 0 ? -at : 2 * (count - 1) - at;
        return at;
    }
}
