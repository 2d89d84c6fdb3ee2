using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary><see cref="Hdbscan"/> of the embeddings; pixels of no cluster get label 0.</summary>
/// <param name="options">Sizes and what is selected; the defaults where null.</param>
public sealed class HdbscanClustering(HdbscanOptions? options = null) : IClustering
{
    /// <inheritdoc/>
    public string Name => "hdbscan";

    /// <inheritdoc/>
    public Volume<int> Cluster(
        Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        var pixels = MaskedPoints.Of(prediction.Embeddings, foreground, nameof(HdbscanClustering));
        return pixels.ToImage(pixels.Points.Count == 0 ? [] : Hdbscan.Cluster(pixels.Points, options, device, cancellation).Labels);
    }
}
