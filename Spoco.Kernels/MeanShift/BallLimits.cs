namespace Spoco.Kernels.Primitives;

/// <summary>
/// Decides in single precision whether points lie in a ball |x - m|^2 &lt;= h^2 of double precision, where that is certain. Squares are computed from m rounded to single precision and with
/// rounding themselves: those up to <see cref="Near"/> are inside, those beyond <see cref="Far"/> are outside, and those between are decided in double precision, by the sum of (x_c - m_c)^2
/// from the first component to the last.
/// </summary>
/// <param name="Near">Squares up to here are inside; -1 where none is certain to be.</param>
/// <param name="Far">Squares beyond are outside; infinite where none is certain to be.</param>
internal readonly record struct BallLimits(float Near, float Far)
{
    /// <summary>The limits around a centre.</summary>
    /// <param name="radius">h.</param>
    /// <param name="moved">How far m moved when it was rounded, and the points too where they are rounded.</param>
    /// <param name="dimensions">Components, d.</param>
    public static BallLimits Of(double radius, double moved, int dimensions)
    {
        // One rounding per difference, square and sum; twice as much, for the roundings in here.
        var relative = (2 * dimensions + 16) * Math.Pow(2, -24);
        // Squares below the least normal number.
        var absolute = dimensions * Math.Pow(2, -148);
        moved *= 1 + relative;
        var near = radius > moved ? (radius - moved) * (radius - moved) * (1 - relative) - absolute : -1;
        var far = (radius + moved) * (radius + moved) * (1 + relative) + absolute;
        return new BallLimits(near < float.MaxValue / 2 ? (float)near : -1, far < float.MaxValue / 2 ? (float)far : float.PositiveInfinity);
    }
}
