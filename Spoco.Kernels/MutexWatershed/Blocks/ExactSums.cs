namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums of embeddings that are exact, and so the same in any order, as embeddings are rounded to multiples of 2^-24: up to 2^29 for the sum of magnitudes.
/// </summary>
internal static class ExactSums
{
    // Adding and subtracting it rounds a number below 2^28 to a multiple of 2^-24.
    private const double Rounding = 3.0 * (1 << 27);

    /// <summary>Adds an embedding to a sum of as many dimensions.</summary>
    public static void Add(Span<double> sum, ReadOnlySpan<float> embedding)
    {
        for (var e = 0; e < embedding.Length; e++)
            sum[e] += embedding[e] + Rounding - Rounding;
    }
}
