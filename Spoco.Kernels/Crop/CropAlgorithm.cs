namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Crop"/>, whose comments say what the arguments are.</summary>
internal abstract class CropAlgorithm : IAlgorithm<CropShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in CropShape shape);

    /// <summary>y = x in the box.</summary>
    public abstract void Copy(in CropShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y);
}
