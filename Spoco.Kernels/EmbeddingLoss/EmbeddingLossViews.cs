using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>What the ILGPU kernels of the embedding loss read.</summary>
/// <param name="Terms">Margins and switches.</param>
/// <param name="Layout">Layout of <paramref name="Embeddings"/>.</param>
/// <param name="MomentumLayout">Layout of <paramref name="Momentum"/>.</param>
/// <param name="Embeddings">e^f.</param>
/// <param name="Momentum">e^g.</param>
/// <param name="Owners">Owner of every pixel.</param>
/// <param name="Images">Centres of every image.</param>
/// <param name="Means">Means of the clusters, which are the centres of the objects.</param>
/// <param name="ObjectFactors">Their factors.</param>
/// <param name="Anchors">Anchors in e^f.</param>
/// <param name="MomentumAnchors">Anchors in e^g.</param>
/// <param name="AnchorFactors">Their factors.</param>
internal readonly record struct EmbeddingLossViews(
    EmbeddingLossTerms Terms, EmbeddingLayout Layout, EmbeddingLayout MomentumLayout, ArrayView<float> Embeddings, ArrayView<float> Momentum,
    ArrayView<int> Owners, ArrayView<ImageCentres> Images, ArrayView<float> Means, ArrayView<CentreFactors> ObjectFactors,
    ArrayView<float> Anchors, ArrayView<float> MomentumAnchors, ArrayView<CentreFactors> AnchorFactors)
{
    /// <summary>What is read, as views.</summary>
    public static EmbeddingLossViews Of(EmbeddingLossInputs i)
    {
        ArgumentNullException.ThrowIfNull(i);
        return new EmbeddingLossViews(
            i.Terms, i.Layout, i.MomentumLayout, i.Embeddings.View, i.MomentumEmbeddings.View, i.Centres.Segments.Owners.View, i.Centres.Images.View, i.Means.View,
            i.ObjectFactors.View, i.Anchors.View, i.MomentumAnchors.View, i.AnchorFactors.View);
    }
}
