namespace Spoco.Kernels.Primitives;

/// <summary>Means of the points in balls of one radius.</summary>
internal interface IBallMeans
{
    /// <summary>For each centre the mean of the points x with |x - centre|^2 &lt;= h^2, and how many they are.</summary>
    /// <param name="centres">[centres, d], finite.</param>
    /// <param name="means">[centres, d], receives the means; undefined where there is no point.</param>
    /// <param name="counts">[centres], receives the numbers of points.</param>
    void Of(ReadOnlySpan<double> centres, Span<double> means, Span<int> counts);
}
