namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="BallOverlap"/>.</summary>
internal abstract class BallOverlapAlgorithm : IAlgorithm<BallOverlapShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in BallOverlapShape shape);

    /// <summary>Adds to the counts the pixels whose squared distance to the anchor is below a number.</summary>
    public abstract void Count(
        BallOverlapShape shape, DeviceBuffer<float> embeddings, DeviceBuffer<int> labels, DeviceBuffer<int> anchors, float square, DeviceBuffer<int> within,
        DeviceBuffer<int> ofObject);
}
