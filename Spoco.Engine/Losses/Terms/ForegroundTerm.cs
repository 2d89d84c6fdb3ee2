namespace Spoco.Engine.Losses;

/// <summary>The loss of the foreground channel under full supervision: <see cref="ForegroundLoss"/> on the channel behind the embeddings.</summary>
internal sealed class ForegroundTerm(SpocoLossOptions options) : LossTerm(ForegroundColumn, options.ForegroundWeight)
{
    /// <inheritdoc/>
    public override void Evaluate(LossContext context) => ForegroundLoss.Evaluate(
        context.Embeddings, context.Labels, context.Layout.Channels, Weight, options.ForegroundBalance, context.ValuesOf(Column), context.Gradient);
}
