namespace Spoco.Engine.Losses;

/// <summary>The loss of the foreground channel under sparse supervision: <see cref="PositiveUnlabelledLoss"/> on the channel behind the embeddings.</summary>
internal sealed class PositiveUnlabelledTerm(SpocoLossOptions options) : LossTerm(ForegroundColumn, options.ForegroundWeight)
{
    /// <inheritdoc/>
    public override void Evaluate(LossContext context) => PositiveUnlabelledLoss.Evaluate(
        context.Embeddings, context.Labels, context.Layout.Channels, options, Weight, context.Momentum, context.ValuesOf(Column), context.Gradient);
}
