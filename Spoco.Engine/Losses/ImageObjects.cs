using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>Which clusters of an image take part in which term. Label 0 is the first cluster where it occurs, so every set is a range.</summary>
internal readonly struct ImageObjects
{
    public ImageObjects(LabelBatch labels, int image, int firstRow, SpocoLossOptions options, bool softMasks)
    {
        FirstCluster = labels.ImageClusters[image];
        EndCluster = labels.ImageClusters[image + 1];
        HasZero = labels.Labels[FirstCluster] == 0;
        Unlabelled = HasZero ? labels.Pixels(FirstCluster).Length : 0;
        FirstPulled = FirstCluster + (HasZero && options.Supervision == Supervision.Sparse ? 1 : 0);
        FirstInstance = FirstCluster + (HasZero && !options.BackgroundIsInstance ? 1 : 0);
        FirstRow = firstRow;
        FirstRowCluster = softMasks ? Math.Min(FirstPulled, FirstInstance) : FirstPulled;
    }

    /// <summary>The clusters of the image, label 0 included: [FirstCluster, EndCluster). All take part in L_reg.</summary>
    public int FirstCluster { get; }

    public int EndCluster { get; }

    public bool HasZero { get; }

    /// <summary>Pixels of label 0.</summary>
    public int Unlabelled { get; }

    /// <summary>First cluster of L_pull, L_push and L_Upush.</summary>
    public int FirstPulled { get; }

    /// <summary>First cluster of L_obj.</summary>
    public int FirstInstance { get; }

    /// <summary>Cluster of the image's first row among the centres that the passes work on, and that row's number.</summary>
    public int FirstRowCluster { get; }

    public int FirstRow { get; }

    public int Clusters => EndCluster - FirstCluster;

    public int Pulled => EndCluster - FirstPulled;

    public int Instances => EndCluster - FirstInstance;

    public int Rows => EndCluster - FirstRowCluster;

    public ImageCentres Centres(int firstAnchor, int anchors) =>
        new(FirstRow, Rows, FirstRowCluster - FirstCluster, firstAnchor, anchors, HasZero ? 0 : -1, FirstCluster);

    public int Row(int cluster) => FirstRow + cluster - FirstRowCluster;
}
