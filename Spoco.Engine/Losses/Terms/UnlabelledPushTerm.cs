using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_Upush = 1/C sum_k 1/N_U sum_{i in U} max(delta_d - |mu_k - e_i|, 0)^2 over the N_U unlabelled pixels U (Eq. 6). Stages its factor of every object; sums and gradient are
/// <see cref="Kernels.Primitives.EmbeddingLoss"/>'s, its value <see cref="Kernels.Primitives.CentreTerms"/>'.
/// </summary>
internal sealed class UnlabelledPushTerm(float weight) : LossTerm((int)CentreTerm.UnlabelledPush, weight)
{
    /// <inheritdoc/>
    public override void Stage(LossContext context)
    {
        context.NeedsObjects = true;
        context.Weights = context.Weights with { UnlabelledPush = Weight };
        context.Passes = context.Passes with { UnlabelledPush = 1 };
        foreach (var image in context.Images)
        {
            if (image.UnlabelledOwner < 0)
                continue;
            var factor = (float)(-2.0 * Weight / ((double)image.Pulled * image.Unlabelled * context.Layout.Images));
            for (var k = image.FirstCluster + image.FirstPulled; k < image.FirstCluster + image.Clusters; k++)
                context.ObjectFactors[k] = context.ObjectFactors[k] with { UnlabelledPush = factor };
        }
    }
}
