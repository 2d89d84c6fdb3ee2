using Spoco.Engine.Clustering;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// Mean-shift of noisy clusters, seeds at cells and at points. A device adds in another order: a point that is as near to two centres, or as far as the bandwidth, within the last digits of double
/// precision could have another label; there is none.
/// </summary>
internal static class MeanShiftChecks
{
    private const double Bound = 1e-6;

    public static IEnumerable<SelfCheck> All() =>
    [
        Of(200, 2, new MeanShiftOptions { ClusterAll = false }), Of(150, 3, new MeanShiftOptions { BinSeeding = false }),
        // Points that are clusters of their own: every mean counts.
        Of(150, 4, new MeanShiftOptions { BinSeeding = false, Bandwidth = 0.02 }),
        Of(20_000, 3, new MeanShiftOptions()) with { IsLarge = true }, Of(50_000, 16, new MeanShiftOptions { ClusterAll = false }) with { IsLarge = true },
        Of(3_000, 64, new MeanShiftOptions { BinSeeding = false, Bandwidth = 1 }) with { IsLarge = true },
    ];

    private static SelfCheck Of(int points, int dimensions, MeanShiftOptions options) => new(
        nameof(MeanShift), $"{points} points of {dimensions} components, bandwidth {options.Bandwidth}, seeds at {(options.BinSeeding ? "cells" : "points")}{(options.ClusterAll ? "" : ", some in no cluster")}", Bound, device =>
        {
            var result = MeanShift.Cluster(Draw(points, dimensions), options, device);
            return [new("centres", [.. result.Centres.Cast<double>().Select(c => (float)c)]), new("labels", Array.ConvertAll(result.Labels, l => (float)l))];
        });

    private static Points Draw(int points, int dimensions)
    {
        const int clusters = 7;
        var values = new float[points * dimensions];
        for (var i = 0; i < points; i++)
        {
            var (centre, noise) = (RandomSource.ForIndex(1, i % clusters, 0), RandomSource.ForIndex(2, i, dimensions));
            for (var c = 0; c < dimensions; c++)
                values[i * dimensions + c] = (float)(centre.NextDouble(-1, 1) + noise.NextDouble(-0.8, 0.8) / Math.Sqrt(dimensions));
        }

        return new Points(values, dimensions);
    }
}
