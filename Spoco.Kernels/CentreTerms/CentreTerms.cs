namespace Spoco.Kernels.Primitives;

/// <summary>
/// What lies between the passes of <see cref="EmbeddingLoss"/>, for every image, its C clusters of N_k pixels and its K anchors, from the means mu and the sums over the pixels:
/// <code>
/// L_pull  = 1/C sum_k pull_k / N_k                                          L_Upush = 1/C sum_k push_k / N_U
/// L_push  = 1/(C(C-1)) sum_{k != l} max(2 delta_d - |mu_k - mu_l|, 0)^2     L_reg   = 1/C sum_k |mu_k|, label 0 included
/// L_obj   = 1/C sum_k (1 - 2 A_k / max(B_k, 1e-6)), or a mean cross-entropy L_Ucon  = 1/K sum_a (1 - 2 A_a / max(B_a, 1e-6)), or a mean cross-entropy
/// </code>
/// With A and B the sums over pq and p^2 + q^2, the factors of a Dice are 4 Falloff / B and -8 Falloff A / B^2 times its weight, the latter 0 where B is below its least. What reaches a
/// pixel of cluster k through mu_k is 1/N_k dL/dmu_k: from L_push, L_reg, and the masks around mu_k.
/// </summary>
internal static class CentreTerms
{
    /// <summary>Least denominator of a Dice.</summary>
    internal const double DiceFloor = 1e-6;

    internal static readonly Chooser<CentreTermsAlgorithm, EmbeddingLayout> Chooser = new(nameof(CentreTerms), new CentreTermsHost(), new CentreTermsSimt());

    /// <summary>Computes values, factors, shift, and the number of anchors in use.</summary>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Evaluate(CentreTermsInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var (passes, layout) = (inputs.Passes, inputs.Passes.Layout);
        var arguments = EmbeddingLoss.Require(passes, nameof(CentreTerms)).Need(inputs.Values, (long)CentreTermsInputs.Terms * layout.Images, "the values")
            .Need(inputs.Used, layout.Images, "the numbers of anchors").Need(inputs.Remaining, passes.Centres.Anchors, "the remaining pixels")
            .Need(passes.Centres.Segments.Counts, passes.ObjectFactors.Length, "the sizes of the clusters").Allow(inputs.Shift, passes.Means.Length, "the shift");
        if (!inputs.Sums.Objects.IsNull)
            EmbeddingLoss.Require(arguments, passes, !inputs.Shift.IsNull, inputs.Sums);
        Chooser.For(inputs.Values.Device, layout).Evaluate(inputs);
    }
}
