namespace Spoco.Kernels.Primitives;

/// <summary>
/// Selects the anchors of the consistency among candidate pixels, one after the other: a candidate becomes an anchor unless an earlier anchor of its image is nearer than a distance, in e^f or
/// in e^g. Of pixels drawn uniformly, these are the anchors that are drawn uniformly from what is near to none before.
/// </summary>
internal static class AnchorSelection
{
    internal static readonly Chooser<AnchorSelectionAlgorithm, EmbeddingLayout> Chooser =
        new(nameof(AnchorSelection), new AnchorSelectionHost(), new AnchorSelectionSimt());

    /// <summary>Writes pixel and embeddings of every anchor, and into the table how many an image has.</summary>
    /// <param name="layout">Layout of the embeddings of f and of g.</param>
    /// <param name="f">e^f.</param>
    /// <param name="g">e^g.</param>
    /// <param name="centres">The candidates; takes the anchors.</param>
    /// <param name="distance">Least distance between two anchors; 0: the first candidates, whatever lies between them.</param>
    /// <param name="anchors">[anchors, E], e^f at the anchors. Rows beyond an image's last anchor are left as they are.</param>
    /// <param name="momentumAnchors">[anchors, E], e^g at the anchors.</param>
    /// <param name="selected">[anchors]: number of each anchor among the candidates of its image.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Select(
        EmbeddingLayout layout, DeviceBuffer<float> f, DeviceBuffer<float> g, CentreTable centres, float distance, DeviceBuffer<float> anchors,
        DeviceBuffer<float> momentumAnchors, DeviceBuffer<float> selected)
    {
        ArgumentNullException.ThrowIfNull(centres);
        layout.Require(nameof(AnchorSelection));
        var length = (long)centres.Anchors * layout.Channels;
        new Arguments(nameof(AnchorSelection), anchors.Device).Need(f, layout.Elements, "e^f").Need(g, layout.Elements, "e^g")
            .Need(centres.Segments.Owners, layout.Count, "the labels").Need(centres.Images, layout.Images, "the images").Need(anchors, length, "the anchors in f")
            .Need(momentumAnchors, length, "the anchors in g").Need(selected, centres.Anchors, "the selected candidates");
        if (centres.Anchors > 0)
            Chooser.For(anchors.Device, layout).Select(layout, f, g, centres, distance, anchors, momentumAnchors, selected);
    }
}
