using Spoco.Kernels;

namespace Spoco.Cli.Segmentation;

/// <summary>What <c>spoco segment</c> was asked for: its options, null where they were not given.</summary>
internal sealed record SegmentRequest
{
    public string? Model { get; init; }

    public string[] Input { get; init; } = [];

    public string[] Embeddings { get; init; } = [];

    public string[] Affinities { get; init; } = [];

    public string? Offsets { get; init; }

    public required string Output { get; init; }

    public string? Foreground { get; init; }

    public string? Class { get; init; }

    public double? Threshold { get; init; }

    public int? Orientations { get; init; }

    public double? MergeDistance { get; init; }

    public int? SizeFloor { get; init; }

    /// <summary>What divides the pixels.</summary>
    public ClusteringRequest Clustering { get; init; } = new();

    public bool Fill { get; init; }

    public bool RemoveFragments { get; init; }

    public bool RemoveLargest { get; init; }

    /// <summary>Bytes.</summary>
    public long? Memory { get; init; }

    /// <summary>How the network computes, see <see cref="Training.PrecisionWords"/>.</summary>
    public string Precision { get; init; } = Training.PrecisionWords.Auto;

    public bool Overwrite { get; init; }

    public string? RawName { get; init; }

    public required string LabelName { get; init; }

    public string? Device { get; init; }

    public int? Threads { get; init; }

    /// <summary>Opens the device that was asked for, or the default.</summary>
    public required Func<ComputeDevice> OpenDevice { get; init; }
}
