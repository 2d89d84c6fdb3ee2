namespace Spoco.Engine.Ops;

/// <summary>What follows an operation, so that it can be prepared while the result is still near.</summary>
/// <param name="Norm">A norm: the tensor's moments are wanted.</param>
/// <param name="Window">Windows of a <see cref="MaxPool"/>; null = none follows.</param>
/// <param name="Narrow">Whether all that follows reads what is stored in a narrower type than single precision: units, and convolutions.</param>
internal readonly record struct NextOperations(bool Norm, (int D, int H, int W)? Window, bool Narrow = false)
{
    /// <summary>Beside a result the maxima that follow, for an operation that does not compute them itself.</summary>
    public (FeatureMap Y, FeatureMap? Pooled) Pool(FeatureMap y) =>
        (y, Window is { } window ? new FeatureMap(MaxPool.Apply(y.Values, window)) : null);
}
