namespace Spoco.Engine.Losses;

/// <summary>
/// The share pi of foreground among pixels of which only some foreground is labelled. All pixels are a mixture, P_X = pi P_P + (1 - pi) P_B, and where labelled
/// objects were chosen at random, their pixels follow P_P. So P_X(A) / P_P(A) is at least pi for any set A, and pi itself where A holds no background; of the
/// sets "score at least c", with any score that is high on foreground, the least ratio is taken. A ratio of few objects is chance: one standard error is added.
/// </summary>
/// <remarks>
/// Scott, Blanchard, Handy, "Classification with asymmetric label noise", COLT 2013 (the least ratio); Garg, Wu, Smola, Balakrishnan, Lipton, "Mixture
/// proportion estimation and PU learning: a modern approach", NeurIPS 2021, arXiv 2111.00980, Algorithm 1 (best bin of a classifier's scores, with the error
/// of its ratio). Their error counts samples; ours objects, of which pixels are no independent samples.
/// </remarks>
public static class MixtureProportion
{
    /// <summary>Sets hold from this share of the labelled pixels on, in steps of it.</summary>
    private const double Step = 0.05;

    /// <summary>The least upper bound of pi.</summary>
    /// <param name="positives">Scores of the labelled foreground; sorted in place.</param>
    /// <param name="all">Scores of all pixels, labelled or not; sorted in place.</param>
    /// <param name="objects">How many objects the labelled pixels belong to.</param>
    /// <returns>Within [share of the labelled pixels, 1].</returns>
    /// <exception cref="ArgumentException">There is no labelled pixel, or there are more of them than pixels.</exception>
    public static double UpperBound(Span<float> positives, Span<float> all, int objects)
    {
        if (positives.Length == 0 || positives.Length > all.Length || objects < 1)
            throw new ArgumentException($"MixtureProportion: {positives.Length} labelled of {all.Length} pixels, of {objects} objects, tell no share.");
        positives.Sort();
        all.Sort();
        var least = 1.0;
        var at = all.Length;
        for (var i = 1; i * Step < 1; i++)
        {
            var share = i * Step;
            var threshold = positives[(int)((1 - share) * (positives.Length - 1))];
            while (at > 0 && all[at - 1] >= threshold)
                at--;
            least = Math.Min(least, (double)(all.Length - at) / all.Length / share * (1 + 1 / Math.Sqrt(objects * share)));
        }

        return Math.Max(least, (double)positives.Length / all.Length);
    }
}
