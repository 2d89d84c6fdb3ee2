using System.Diagnostics;
using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Kernels;

namespace Spoco.Cli.Comparison;

/// <summary>A clustering that says what it took: of a segmentation, its part alone.</summary>
/// <param name="clustering">The clustering.</param>
internal sealed class TimedClustering(IClustering clustering) : IClustering
{
    /// <inheritdoc/>
    public string Name => clustering.Name;

    /// <inheritdoc/>
    public bool ReadsAffinities => clustering.ReadsAffinities;

    /// <inheritdoc/>
    public bool ReadsMomentum => clustering.ReadsMomentum;

    /// <summary>What the last call took.</summary>
    public double Seconds { get; private set; }

    /// <inheritdoc/>
    public Volume<int> Cluster(
        Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        var start = Stopwatch.GetTimestamp();
        var labels = clustering.Cluster(prediction, foreground, device, cancellation);
        Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return labels;
    }
}
