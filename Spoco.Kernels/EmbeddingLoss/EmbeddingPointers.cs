namespace Spoco.Kernels.Primitives;

/// <summary>What the passes on the host read, as addresses, and what they compute of one centre and a tile of pixels.</summary>
internal readonly unsafe struct EmbeddingPointers(EmbeddingLossInputs inputs)
{
    /// <summary>Owner of no pixel at all.</summary>
    private const int Nobody = -3;

    public readonly EmbeddingLossTerms Terms = inputs.Terms;
    public readonly EmbeddingLayout Layout = inputs.Layout;
    public readonly EmbeddingLayout MomentumLayout = inputs.MomentumLayout;
    public readonly float* Embeddings = inputs.Embeddings.HostAddress;
    public readonly float* Momentum = inputs.MomentumEmbeddings.HostAddress;
    public readonly int* Owners = inputs.Centres.Segments.Owners.HostAddress;
    public readonly ImageCentres* Images = inputs.Centres.Images.HostAddress;
    public readonly float* Means = inputs.Means.HostAddress;
    public readonly CentreFactors* ObjectFactors = inputs.ObjectFactors.HostAddress;
    public readonly float* Anchors = inputs.Anchors.HostAddress;
    public readonly float* MomentumAnchors = inputs.MomentumAnchors.HostAddress;
    public readonly CentreFactors* AnchorFactors = inputs.AnchorFactors.HostAddress;

    /// <summary>Weights of the hinges of one object, 0 where the tile has none of its pixels and none without a label.</summary>
    public void Hinges(
        in TileRows rows, in ImageCentres image, int k, bool present, bool unlabelled, float* weights, out float pull, out float push)
    {
        (pull, push) = (0, 0);
        if (present || unlabelled)
        {
            (pull, push) = TileTerms.Hinges(
                rows.Squares, rows.Owners.Labels, image.FirstOwner + k, unlabelled ? image.UnlabelledOwner : Nobody, Terms,
                ObjectFactors[image.FirstObject + k], weights);
        }
        else
        {
            new Span<float>(weights, PixelTile.Pixels).Clear();
        }
    }

    public float AddObjectCrossEntropy(in TileRows rows, in ImageCentres image, int k, float* weights) => TileTerms.AddObjectCrossEntropy(
        rows.Squares, rows.Masks, rows.Owners.Labels, image.FirstOwner + k, Terms.Falloff,
        ObjectFactors[image.FirstObject + k].CrossEntropy, weights);

    /// <summary>Squared distances from one object and, where they are needed, its masks.</summary>
    public void ObjectMasks(float* e, in ImageCentres image, int k, in TileRows rows)
    {
        var centre = Means + (long)(image.FirstObject + k) * Layout.Channels;
        if (Terms.Instance == MaskLoss.None)
            PixelTile.SquaredDistances(e, centre, Layout.Channels, rows.Squares);
        else
            PixelTile.Masks(e, centre, Layout.Channels, Terms.Falloff, rows.Squares, rows.Masks);
    }

    /// <summary>Squared distances from one anchor and its masks.</summary>
    public void AnchorMasks(float* e, int anchor, in TileRows rows) => PixelTile.Masks(
        e, Anchors + (long)anchor * Layout.Channels, Layout.Channels, Terms.Falloff, rows.Squares, rows.Masks);

    /// <summary>The same in g.</summary>
    public void AnchorTargets(float* g, int anchor, in TileRows rows) => PixelTile.Masks(
        g, MomentumAnchors + (long)anchor * Layout.Channels, Layout.Channels, Terms.Falloff, rows.TargetSquares, rows.Targets);
}
