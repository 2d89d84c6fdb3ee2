using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

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
        Primitives.Rescaling.Apply(_gradient.Buffer, gradient.Buffer);
        inputGradients[0] = _gradient;
    }

    /// <summary>The mean of values of images as a scalar, recorded where there is a gradient.</summary>
    public static Tensor Mean(Tensor input, DeviceBuffer<float> values, Tensor? gradient)
    {
        var total = Tensor.Empty(input.Device, TensorShape.Scalar, "loss");
        Primitives.Reduction.Sum(values, total.Buffer, 1.0 / values.Length);
        return gradient is null ? total : Gradients.Record(total, new ScalarLossNode(input, gradient));
    }
}
