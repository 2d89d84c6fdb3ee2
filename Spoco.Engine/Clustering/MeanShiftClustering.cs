using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary><see cref="MeanShift"/> of the embeddings. The paper takes delta_v for the bandwidth.</summary>
/// <param name="options">Bandwidth and seeds; the defaults where null.</param>
public sealed class MeanShiftClustering(MeanShiftOptions? options = null) : IClustering
{
    /// <inheritdoc/>
    public string Name => "mean-shift";

    /// <inheritdoc/>
    public Volume<int> Cluster(
        Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        var pixels = MaskedPoints.Of(prediction.Embeddings, foreground, nameof(MeanShiftClustering));
        return pixels.ToImage(pixels.Points.Count == 0 ? [] : MeanShift.Cluster(pixels.Points, options, device, cancellation).Labels);
    }
}
