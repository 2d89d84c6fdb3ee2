using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary>Affinities and the <see cref="MutexWatershed"/>: those of several views where the prediction has them, else those of the embeddings.</summary>
/// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
public sealed class MutexWatershedClustering(MutexWatershedOptions? options = null) : IClustering
{
    private readonly MutexWatershedOptions _options = options ?? new MutexWatershedOptions();

    /// <inheritdoc/>
    public string Name => "mws";

    /// <inheritdoc/>
    public bool ReadsAffinities => true;

    /// <inheritdoc/>
    public Volume<int> Cluster(
        Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        var embeddings = prediction.Embeddings;
        MaskedPoints.RequireFit(embeddings, foreground, nameof(MutexWatershedClustering));
        var (depth, height, width, mask) = (embeddings.Depth, embeddings.Height, embeddings.Width, foreground?.Data);
        int[] labels;
        if (IsThere(prediction.AffinitiesOnDevice))
            labels = MutexWatershed.FromAffinities(prediction.AffinitiesOnDevice, depth, height, width, _options, mask, cancellation: cancellation);
        else if (IsThere(prediction.EmbeddingsOnDevice))
            labels = MutexWatershed.FromEmbeddings(prediction.EmbeddingsOnDevice, depth, height, width, _options, mask, cancellation: cancellation);
        else if ((prediction.AffinitiesOnDevice.IsNull ? prediction.Affinities : prediction.AffinitiesOnDevice.ToArray()) is { } affinities)
            labels = MutexWatershed.FromAffinities(affinities, depth, height, width, _options, mask, device: device, cancellation: cancellation);
        else
            return MutexWatershed.FromEmbeddings(embeddings, _options, foreground, device: device, cancellation: cancellation);
        return new Volume<int>(labels, depth, height, width) { VoxelSize = embeddings.VoxelSize };

        // Where it is to run; no device = the host's memory.
        bool IsThere(DeviceBuffer<float> values) => !values.IsNull && (values.Device == device || (device is null && values.Device.Capabilities.OnHost));
    }
}
