using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_pull = 1/C sum_k 1/N_k sum_{i in k} max(|mu_k - e_i| - delta_v, 0)^2 (Eq. 1): pixels nearer to their object's mean than delta_v are left alone. Stages its factor of every object; sums and
/// gradient are <see cref="Kernels.Primitives.EmbeddingLoss"/>'s, its value <see cref="Kernels.Primitives.CentreTerms"/>'.
/// </summary>
internal sealed class PullTerm(float weight) : LossTerm((int)CentreTerm.Pull, weight)
{
    /// <inheritdoc/>
    public override void Stage(LossContext context)
    {
        context.NeedsObjects = true;
        context.Weights = context.Weights with { Pull = Weight };
        foreach (var image in context.Images)
        {
            for (var k = image.FirstCluster + image.FirstPulled; k < image.FirstCluster + image.Clusters; k++)
            {
                ref var factors = ref context.ObjectFactors[k];
                factors = factors with { Pull = (float)(2.0 * Weight / ((double)image.Pulled * context.Labels.Pixels(k).Length * context.Layout.Images)) };
            }
        }
    }
}
