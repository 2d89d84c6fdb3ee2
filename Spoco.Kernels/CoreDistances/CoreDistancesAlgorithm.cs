namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="CoreDistances"/>.</summary>
internal abstract class CoreDistancesAlgorithm : IAlgorithm<PointTreeShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in PointTreeShape tree);

    /// <summary>Computes them; k is within 1 and n.</summary>
    public abstract void Compute(PointTreeViews tree, int neighbours, DeviceBuffer<float> squares, CancellationToken cancellation);
}
