namespace Spoco.Kernels.Primitives;

/// <summary>
/// Decides in single precision whether points lie in a ball |x - m|^2 &lt;= h^2 of double precision, where that is certain. Squares are computed from m rounded to single precision and with
/// rounding themselves: those up to <see cref="Near"/> are inside, those beyond <see cref="Far"/> are outside, and those between have to be computed in double precision.
/// </summary>
/// <param name="Near">Squares up to here are inside; -1 where none is certain to be.</param>
/// <param name="Far">Squares beyond are outside; infinite where none is certain to be.</param>
internal readonly record struct BallLimits(float Near, float Far)
{
    /// <summary>The limits around a centre.</summary>
    /// <param name="centre">m, before it is rounded.</param>
    /// <param name="radius">h.</param>
    /// <param name="moved">How far at most the points moved when they were rounded; 0 where they were not.</param>
    public static BallLimits Around(ReadOnlySpan<double> centre, double radius, double moved = 0)
    {
        var square = 0.0;
        foreach (var value in centre)
            square += ((float)value - value) * ((float)value - value);
        return Of(radius, moved + Math.Sqrt(square), centre.Length);
    }

    /// <summary>The limits where centre and points moved by so much together.</summary>
    public static BallLimits Of(double radius, double moved, int dimensions)
    {
        // Of every difference, square and sum; twice as much, for the roundings in here. And squares that are too small for a number, or are taken for 0 on some devices.
        var relative = (2 * dimensions + 16) * (1.0 / (1 << 24));
        var absolute = dimensions * 1e-37;
        moved *= 1 + relative;
        var near = radius > moved ? (radius - moved) * (radius - moved) * (1 - relative) - absolute : -1;
        var far = (radius + moved) * (radius + moved) * (1 + relative) + absolute;
        return new BallLimits(near < float.MaxValue / 2 ? (float)near : -1, far < float.MaxValue / 2 ? (float)far : float.PositiveInfinity);
    }
}
