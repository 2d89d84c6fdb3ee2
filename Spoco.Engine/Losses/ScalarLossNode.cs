namespace Spoco.Engine.Losses;

/// <summary>A scalar whose gradient was computed together with its value.</summary>
internal sealed class ScalarLossNode : GradientNode
{
    private readonly Tensor _gradient;

    public ScalarLossNode(Tensor input, Tensor gradient) : base(input) => _gradient = Save(gradient);

    protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
    {
        if (Gradients.IsRecording)
            throw new NotSupportedException("Loss: its gradient cannot be differentiated again.");
        var factor = gradient.ToScalar();
        inputGradients[0] = factor == 1 ? _gradient : Ops.Elementwise.Scale(_gradient, factor);
    }
}
