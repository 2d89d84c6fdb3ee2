namespace Spoco.Engine.Ops;

/// <summary>What follows an operation, so that it can be prepared while the result is still in the processor's caches.</summary>
/// <param name="Norm">A norm: the tensor gets its <see cref="Tensor.Moments"/>.</param>
/// <param name="Window">Windows of a <see cref="MaxPool"/>; null = none follows.</param>
internal readonly record struct NextOperations(bool Norm, (int D, int H, int W)? Window)
{
    /// <summary>Beside a result the maxima that follow, for an operation that does not compute them itself.</summary>
    public (Tensor Y, Tensor? Pooled) Pool(Tensor y) => (y, Window is { } window ? MaxPool.Apply(y, window) : null);
}
