namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="CentreTerms"/>.</summary>
internal abstract class CentreTermsAlgorithm : IAlgorithm<EmbeddingLayout>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in EmbeddingLayout layout);

    /// <summary>Computes values, factors and shift.</summary>
    public abstract void Evaluate(CentreTermsInputs inputs);
}
