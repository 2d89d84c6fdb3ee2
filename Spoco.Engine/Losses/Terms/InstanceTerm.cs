using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_obj by soft masks S_k = exp(-|e - mu_k|^2 / (2 sigma^2)) (Eq. 4): 1/C sum_k Dice(S_k, I_k), or the mean binary cross-entropy over all objects and pixels. As in the authors' code it is one
/// Dice for all objects of an image. Stages the factor of a cross-entropy; sums and gradient are <see cref="Kernels.Primitives.EmbeddingLoss"/>'s, its value and the factors of a Dice
/// <see cref="Kernels.Primitives.CentreTerms"/>'.
/// </summary>
internal sealed class InstanceTerm(float weight, InstanceLoss kind) : LossTerm((int)CentreTerm.Instance, weight)
{
    /// <inheritdoc/>
    public override void Stage(LossContext context)
    {
        context.NeedsObjects = true;
        context.Weights = context.Weights with { Instance = Weight };
        context.Passes = context.Passes with { Instance = kind == InstanceLoss.Bce ? MaskLoss.CrossEntropy : MaskLoss.Dice };
        foreach (var image in context.Images)
        {
            var entropy = (float)(2 * context.Falloff * Weight / ((double)image.Instances * context.Layout.Pixels * context.Layout.Images));
            for (var k = image.FirstCluster + image.FirstInstance; k < image.FirstCluster + image.Clusters; k++)
                context.ObjectFactors[k] = context.ObjectFactors[k] with { CrossEntropy = entropy };
        }
    }
}
