using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_push = 1/(C(C-1)) sum_{k != l} max(2 delta_d - |mu_k - mu_l|, 0)^2 (Eq. 2): a function of the means alone. Value and gradient are <see cref="Kernels.Primitives.CentreTerms"/>'.
/// </summary>
internal sealed class PushTerm(float weight) : LossTerm((int)CentreTerm.Push, weight)
{
    /// <inheritdoc/>
    public override void Stage(LossContext context)
    {
        context.NeedsMeans = true;
        context.Weights = context.Weights with { Push = Weight };
    }
}
