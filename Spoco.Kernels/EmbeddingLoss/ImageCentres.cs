namespace Spoco.Kernels;

/// <summary>
/// Which centres belong to an image: its clusters, in the order of their owners, and its anchors. An owner is the number of a pixel's label within its image, 0 for label 0 where it
/// occurs; the sets that the terms sum over are all ranges of owners up to the last one.
/// </summary>
/// <param name="FirstCluster">Number of owner 0 among the clusters of the batch.</param>
/// <param name="Clusters">C with label 0: number of owners. All take part in the regulariser.</param>
/// <param name="FirstOwner">First owner that the passes over the pixels take as a centre; <paramref name="Clusters"/>: none.</param>
/// <param name="FirstPulled">First owner that is pulled and pushed.</param>
/// <param name="FirstInstance">First owner with a soft mask of its own.</param>
/// <param name="UnlabelledOwner">Owner of unlabelled pixels, or -1.</param>
/// <param name="Unlabelled">Number of unlabelled pixels.</param>
/// <param name="FirstAnchor">Row of the image's first anchor among all anchors.</param>
/// <param name="Anchors">Number of anchors; before they are selected, the most there may be.</param>
/// <param name="FirstCandidate">First of the pixels that anchors are selected from, among all candidates.</param>
/// <param name="Candidates">Their number.</param>
internal readonly record struct ImageCentres(
    int FirstCluster, int Clusters, int FirstOwner, int FirstPulled, int FirstInstance, int UnlabelledOwner, int Unlabelled, int FirstAnchor, int Anchors,
    int FirstCandidate, int Candidates)
{
    /// <summary>Cluster of the first object that the passes take as a centre.</summary>
    public int FirstObject => FirstCluster + FirstOwner;

    /// <summary>Number of such objects.</summary>
    public int Objects => Clusters - FirstOwner;

    /// <summary>Number of clusters that are pulled and pushed.</summary>
    public int Pulled => Clusters - FirstPulled;

    /// <summary>Number of objects with a soft mask.</summary>
    public int Instances => Clusters - FirstInstance;

    /// <summary>The same with another number of anchors.</summary>
    public ImageCentres WithAnchors(int anchors) => new(
        FirstCluster, Clusters, FirstOwner, FirstPulled, FirstInstance, UnlabelledOwner, Unlabelled, FirstAnchor, anchors, FirstCandidate, Candidates);
}
