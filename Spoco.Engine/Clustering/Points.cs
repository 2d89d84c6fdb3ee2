namespace Spoco.Engine.Clustering;

/// <summary>An array of points [n, d], row by row: what the clusterings of appendix A.4 work on, embeddings of pixels or anything else.</summary>
public sealed class Points
{
    /// <summary>The largest number of components.</summary>
    public const int MostDimensions = 64;

    /// <summary>Wraps <paramref name="values"/> without copying them.</summary>
    /// <param name="values">n * d values; point i is [i d, (i + 1) d).</param>
    /// <param name="dimensions">Components of a point, d: 1 to <see cref="MostDimensions"/>.</param>
    /// <exception cref="ArgumentException">d is out of range, or the values are not a whole number of points.</exception>
    public Points(ReadOnlyMemory<float> values, int dimensions)
    {
        if (dimensions is < 1 or > MostDimensions)
            throw new ArgumentException($"Points: a point has 1 to {MostDimensions} components, got {dimensions}.");
        if (values.Length % dimensions != 0)
            throw new ArgumentException($"Points: {values.Length} values are no whole number of points with {dimensions} components.");
        Values = values;
        Dimensions = dimensions;
    }

    /// <summary>Copies an array [n, d].</summary>
    /// <exception cref="ArgumentException">d is out of range.</exception>
    public static Points Of(float[,] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var flat = new float[values.Length];
        Buffer.BlockCopy(values, 0, flat, 0, sizeof(float) * flat.Length);
        return new Points(flat, values.GetLength(1));
    }

    /// <summary>The components, point by point.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>Components of a point, d.</summary>
    public int Dimensions { get; }

    /// <summary>Points, n.</summary>
    public int Count => Values.Length / Dimensions;
}
