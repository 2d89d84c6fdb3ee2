namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="ReachabilityTree"/>.</summary>
internal abstract class ReachabilityTreeAlgorithm : IAlgorithm<PointTreeShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in PointTreeShape tree);

    /// <summary>Finds the edges.</summary>
    public abstract ReachabilityEdge[] Edges(PointTreeViews tree, DeviceBuffer<float> cores, CancellationToken cancellation);
}
