using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary>
/// A way from embeddings to segments (paper, appendix A.4): <see cref="MutexWatershedClustering"/>, <see cref="HdbscanClustering"/>, <see cref="MeanShiftClustering"/>,
/// <see cref="MeanShiftPlusClustering"/>, <see cref="ConsistencyClustering"/>, or one of your own. What becomes of the segments is said by
/// <see cref="Segmentation.InstanceSegmentationOptions"/>, the same for all. docs/clustering.md tells when to use which.
/// </summary>
public interface IClustering
{
    /// <summary>What it is called: <c>mws</c>, <c>hdbscan</c>, <c>mean-shift</c>, <c>ms+</c> or <c>consistency</c>.</summary>
    string Name { get; }

    /// <summary>Whether it reads affinities, which can be averaged over views of an image; embeddings cannot.</summary>
    bool ReadsAffinities => false;

    /// <summary>Whether it reads <see cref="Prediction.MomentumEmbeddings"/>.</summary>
    bool ReadsMomentum => false;

    /// <summary>Divides the pixels of an image into segments. The same input gives the same labels.</summary>
    /// <param name="prediction">What a model says of the image.</param>
    /// <param name="foreground">Only voxels that are not 0 here are divided; null = all.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Labels from 1, numbered by first voxel; 0 = in no segment.</returns>
    /// <exception cref="ArgumentException">The mask has other extents, a value is not finite, what is read is not there, or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Volume<int> Cluster(Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default);
}
