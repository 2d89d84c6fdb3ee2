using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>What the ILGPU kernel of the terms of clusters and anchors reads.</summary>
/// <param name="Terms">Margins and switches.</param>
/// <param name="Weights">Weights.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Pixels">Pixels of an image.</param>
/// <param name="Channels">E.</param>
/// <param name="HasSums">1 where there are sums over masks, else 0.</param>
/// <param name="HasShift">1 where a gradient is wanted, else 0.</param>
/// <param name="Counts">Pixels of every cluster.</param>
/// <param name="Means">mu of every cluster.</param>
/// <param name="ObjectSums">Sums of every cluster.</param>
/// <param name="AnchorSums">Sums of every anchor.</param>
/// <param name="LineSums">Sums of every line.</param>
internal readonly record struct CentreTermsViews(
    EmbeddingLossTerms Terms, CentreWeights Weights, int Images, int Pixels, int Channels, int HasSums, int HasShift, ArrayView<int> Counts, ArrayView<float> Means,
    ArrayView<float> ObjectSums, ArrayView<float> AnchorSums, ArrayView<float> LineSums)
{
    /// <summary>Numbers per cluster in <see cref="ObjectSums"/>.</summary>
    public int Width => HasShift != 0 ? EmbeddingLoss.ObjectScalars + 3 * Channels : EmbeddingLoss.ObjectScalars;

    /// <summary>Weight of an image's consistency.</summary>
    public float ConsistencyScale => Weights.AsReference != 0 ? Weights.Consistency : Weights.Consistency / Images;

    /// <summary>|mu_k|, or |mu_k - mu_l|; k and l are numbers of first components.</summary>
    public float Distance(long k, long l, bool fromOrigin)
    {
        var sum = 0f;
        for (var c = 0; c < Channels; c++)
        {
            var difference = Means[k + c] - (fromOrigin ? 0f : Means[l + c]);
            sum += difference * difference;
        }

        return XMath.Sqrt(sum);
    }
}
