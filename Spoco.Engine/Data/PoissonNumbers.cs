
namespace Spoco.Engine.Data;

/// <summary>Random counts that follow Poisson's distribution.</summary>
internal static class PoissonNumbers
{
    // Knuth's method takes as many numbers as the mean; from here on the normal distribution is close enough for noise.
    private const double ExactBelow = 32;

    /// <summary>A count of the given mean, by multiplication of uniform numbers (Knuth), or round(mean + sqrt(mean) z) for means from 32.</summary>
    public static long Next(RandomSource random, double mean)
    {
        if (!(mean > 0))
            return 0;
        if (mean >= ExactBelow)
            return Math.Max(0, (long)Math.Round(mean + Math.Sqrt(mean) * random.NextGaussian()));
        var (limit, product, count) = (Math.Exp(-mean), random.NextDouble(), 0L);
        while (product > limit)
        {
            product *= random.NextDouble();
            count++;
        }

        return count;
    }
}
