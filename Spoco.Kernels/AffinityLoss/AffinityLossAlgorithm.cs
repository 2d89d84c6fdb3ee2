namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="AffinityLoss"/>, whose comments say what the arguments are.</summary>
internal abstract class AffinityLossAlgorithm : IAlgorithm<TensorShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in TensorShape shape);

    /// <summary>Values and factors.</summary>
    public abstract void Evaluate(AffinityLossInputs inputs, float weight, DeviceBuffer<float> values, DeviceBuffer<float> factors);

    /// <summary>Adds the gradient.</summary>
    public abstract void AddGradient(AffinityLossInputs inputs, DeviceBuffer<float> factors, DeviceBuffer<float> gradient);
}
