namespace Spoco.Engine.Ops;

/// <summary>A tensor between two units of a network, and what the unit that made it already knows of it.</summary>
/// <param name="Values">The tensor.</param>
/// <param name="Moments">
/// Its moments, in the form of <see cref="Kernels.Primitives.NormConvolution.MomentsLength"/>, for the statistics of the next unit; null = not known. The
/// values may not be changed then.
/// </param>
internal readonly record struct FeatureMap(Tensor Values, Tensor? Moments = null)
{
    /// <summary>The extents.</summary>
    public Kernels.TensorShape Shape => Values.Shape;

    /// <summary>Hands both tensors to the surrounding scope.</summary>
    public FeatureMap KeepIn(TensorScope scope) => new(scope.Keep(Values), Moments is null ? null : scope.Keep(Moments));

    /// <summary>Releases both tensors.</summary>
    public void Release()
    {
        Values.Dispose();
        Moments?.Dispose();
    }
}
