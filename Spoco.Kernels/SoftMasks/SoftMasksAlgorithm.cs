namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="SoftMasks"/>, whose comments say what the arguments are.</summary>
internal abstract class SoftMasksAlgorithm : IAlgorithm<EmbeddingLayout>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in EmbeddingLayout layout);

    /// <summary>Masks.</summary>
    public abstract void Forward(SoftMaskInputs inputs, DeviceBuffer<float> masks);

    /// <summary>What reaches a pixel through the mean of its cluster.</summary>
    public abstract void Shift(SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift);

    /// <summary>Gradient.</summary>
    public abstract void Gradient(
        SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift, DeviceBuffer<float> gradient);
}
