using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_reg = mean of |mu_k| over all labels of the image, label 0 included (Eq. 3): a function of the means alone. Value and gradient are <see cref="Kernels.Primitives.CentreTerms"/>'.
/// </summary>
internal sealed class RegulariserTerm(float weight) : LossTerm((int)CentreTerm.Regulariser, weight)
{
    /// <inheritdoc/>
    public override void Stage(LossContext context)
    {
        context.NeedsMeans = true;
        context.Weights = context.Weights with { Regulariser = Weight };
    }
}
