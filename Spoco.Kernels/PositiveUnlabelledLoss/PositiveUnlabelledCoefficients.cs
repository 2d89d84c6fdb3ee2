namespace Spoco.Kernels;

/// <summary>What of a batch and of its choices the loss of few labels depends on, beside the sums over its pixels; P, R, B and X are sets of pixels, pi is the share of objects.</summary>
/// <param name="Weight">Weight of the loss, which the factors hold.</param>
/// <param name="Share">pi; 0 where P is empty.</param>
/// <param name="Positive">pi / |P|; 0 where P is empty.</param>
/// <param name="All">1 / |X|.</param>
/// <param name="Background">Weight of the sum of l- over B; 0 where B is empty.</param>
/// <param name="Outline">omega / (|P| + |R|); 0 where P is empty.</param>
/// <param name="Agreement">lambda / |X|.</param>
/// <param name="Trust">Weight of |R-|: 1/2 where background is labelled, else 1.</param>
internal readonly record struct PositiveUnlabelledCoefficients(
    float Weight, float Share, float Positive, float All, float Background, float Outline, float Agreement, float Trust)
{
    /// <summary>The coefficients of a batch.</summary>
    /// <param name="weight">Weight of the loss.</param>
    /// <param name="share">pi as it is believed to be; it is at least the labelled share.</param>
    /// <param name="agreement">lambda.</param>
    /// <param name="outline">omega.</param>
    /// <param name="pixels">|X|.</param>
    /// <param name="positives">|P|.</param>
    /// <param name="beside">|R|.</param>
    /// <param name="background">|B|.</param>
    public static PositiveUnlabelledCoefficients Of(
        double weight, double share, double agreement, double outline, long pixels, long positives, long beside, long background)
    {
        var trust = background > 0 ? 0.5 : 1;
        var ofBackground = background > 0 ? (1 - trust) * (1 - share) / background : 0;
        share = positives > 0 ? Math.Max(share, (double)positives / pixels) : 0;
        return new PositiveUnlabelledCoefficients(
            (float)weight, (float)share, positives > 0 ? (float)(share / positives) : 0, 1f / pixels, (float)ofBackground,
            positives > 0 ? (float)(outline / (positives + beside)) : 0, (float)(agreement / pixels), (float)trust);
    }
}
