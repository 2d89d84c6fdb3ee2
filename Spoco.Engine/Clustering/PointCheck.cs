namespace Spoco.Engine.Clustering;

/// <summary>What clusterings ask of points.</summary>
internal static class PointCheck
{
    /// <summary>Most points.</summary>
    private const int MostPoints = 1 << 30;

    /// <summary>Components may not be larger: their squares are summed in single precision.</summary>
    private const float Largest = 1e18f;

    /// <summary>Checks their number and their values.</summary>
    /// <exception cref="ArgumentException">There are too many, or a value is not a number or not within -<see cref="Largest"/> to <see cref="Largest"/>.</exception>
    public static void Require(Points points, string clustering)
    {
        if (points.Count > MostPoints)
            throw new ArgumentException($"{clustering}: at most {MostPoints} points, got {points.Count}.");
        var values = points.Values.Span;
        for (var i = 0; i < values.Length; i++)
        {
            if (!(Math.Abs(values[i]) <= Largest))
                throw new ArgumentException($"{clustering}: component {i % points.Dimensions} of point {i / points.Dimensions} is {values[i]}; values must be within -{Largest} to {Largest}.");
        }
    }
}
