namespace Spoco.Kernels.Primitives;

/// <summary>A tree of points of double precision, rounded to single precision.</summary>
internal sealed class RoundedPoints : IDisposable
{
    /// <summary>Builds the tree.</summary>
    /// <param name="host">Where it lies and is built.</param>
    /// <param name="points">[count, d], finite, and finite when rounded.</param>
    /// <param name="count">Points, at least 1.</param>
    /// <param name="dimensions">Components, d.</param>
    public RoundedPoints(HostDevice host, ReadOnlySpan<double> points, int count, int dimensions)
    {
        var rounded = new float[points.Length];
        for (var i = 0; i < count; i++)
        {
            var square = 0.0;
            for (var c = 0; c < dimensions; c++)
            {
                var value = points[i * dimensions + c];
                rounded[i * dimensions + c] = (float)value;
                square += ((float)value - value) * ((float)value - value);
            }

            Moved = Math.Max(Moved, Math.Sqrt(square));
        }

        Tree = new PointTree(host, rounded, count, dimensions);
    }

    /// <summary>The rounded points.</summary>
    public PointTree Tree { get; }

    /// <summary>The longest way between a point and itself rounded.</summary>
    public double Moved { get; }

    /// <inheritdoc/>
    public void Dispose() => Tree.Dispose();
}
