using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Training;

namespace Spoco.Cli.Segmentation;

/// <summary>What was asked for about clusterings: their options, null where they were not given.</summary>
internal sealed record ClusteringRequest
{
    public const string MutexWatershed = "mws";
    public const string Hdbscan = "hdbscan";
    public const string MeanShift = "mean-shift";
    public const string MeanShiftPlus = "ms+";
    public const string Consistency = "consistency";

    private const int MostAnchors = 10_000;

    /// <summary>The clusterings of appendix A.4, in the order of tables.</summary>
    public static IReadOnlyList<string> All { get; } = [MutexWatershed, Hdbscan, MeanShift, MeanShiftPlus, Consistency];

    /// <summary>Which one.</summary>
    public string Name { get; init; } = MutexWatershed;

    public int? MinSize { get; init; }

    public int? MinSamples { get; init; }

    public double? SelectionEpsilon { get; init; }

    public bool Leaf { get; init; }

    public double? Bandwidth { get; init; }

    public double? Iou { get; init; }

    public int? Anchors { get; init; }

    public long? AnchorSeed { get; init; }

    /// <summary>Whether it is the Mutex Watershed, which alone reads affinities and works part by part.</summary>
    public bool IsMutexWatershed => Name == MutexWatershed;

    /// <summary>Checks that options belong to one of some clusterings, and are possible.</summary>
    /// <param name="names">The clusterings.</param>
    /// <exception cref="InputException">An option is of another one, or out of range.</exception>
    public void Require(params IReadOnlyList<string> names)
    {
        foreach (var (option, given, owners) in new (string, bool, string[])[]
        {
            ("--min-size", MinSize is not null, [Hdbscan]), ("--min-samples", MinSamples is not null, [Hdbscan]),
            ("--selection-epsilon", SelectionEpsilon is not null, [Hdbscan]), ("--leaf", Leaf, [Hdbscan]),
            ("--bandwidth", Bandwidth is not null, [MeanShift, MeanShiftPlus, Consistency]), ("--iou", Iou is not null, [Consistency]),
            ("--anchors", Anchors is not null, [Consistency]), ("--anchor-seed", AnchorSeed is not null, [Consistency]),
        })
        {
            if (given && !owners.Intersect(names).Any())
                throw new InputException($"{option}: belongs to --clustering {string.Join(", ", owners[..^1])}{(owners.Length > 1 ? " or " : "")}{owners[^1]}, not to {string.Join(", ", names)}.");
        }

        if (MinSize < 2)
            throw new InputException($"--min-size: expected at least 2, got {MinSize}.");
        if (MinSamples < 1)
            throw new InputException($"--min-samples: expected at least 1, got {MinSamples}.");
        if (SelectionEpsilon < 0)
            throw new InputException($"--selection-epsilon: must not be negative, got {SelectionEpsilon}.");
        if (Bandwidth <= 0)
            throw new InputException($"--bandwidth: must be positive, got {Bandwidth}.");
        if (Iou is < 0 or > 1)
            throw new InputException($"--iou: expected 0 to 1, got {Iou}.");
        if (Anchors is < 1 or > MostAnchors)
            throw new InputException($"--anchors: expected 1 to {MostAnchors}, got {Anchors}.");
    }

    /// <summary>The clustering: what was not asked for is the paper's number, or a margin of the model.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="model">The model.</param>
    public IClustering Of(string name, SpocoModelOptions model) => name switch
    {
        MutexWatershed => new MutexWatershedClustering(model.Segmentation.Watershed),
        Hdbscan => new HdbscanClustering(OfHdbscan(model)),
        MeanShift => new MeanShiftClustering(OfMeanShift(model)),
        MeanShiftPlus => new MeanShiftPlusClustering(OfMeanShift(model), model.PushMargin),
        _ => new ConsistencyClustering(OfConsistency(model)),
    };

    /// <summary>A clustering with all its numbers.</summary>
    public string InWords(string name, SpocoModelOptions model)
    {
        var (hdbscan, consistency) = (OfHdbscan(model), OfConsistency(model));
        return name switch
        {
            MutexWatershed => Text($"{name} (delta_d {model.PushMargin})"),
            Hdbscan => Text($"{name} (at least {hdbscan.MinClusterSize} pixels, {hdbscan.Neighbours} samples, selection epsilon {hdbscan.SelectionEpsilon}{(Leaf ? ", leaves" : "")})"),
            MeanShift => Text($"{name} (bandwidth {Bandwidth ?? model.PullMargin})"),
            MeanShiftPlus => Text($"{name} (bandwidth {Bandwidth ?? model.PullMargin}, delta_d {model.PushMargin})"),
            _ => Text($"{name} (bandwidth {Bandwidth ?? model.PullMargin}, IoU {consistency.Threshold}, {consistency.Anchors} anchors, seed {consistency.Seed})"),
        };

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The clustering with the options that were given.</summary>
    public string AsOptions => string.Join(' ', new (string Option, object? Value)[]
    {
        ("", Name), ("--min-size", MinSize), ("--min-samples", MinSamples), ("--selection-epsilon", SelectionEpsilon), ("--leaf", Leaf ? "" : null),
        ("--bandwidth", Bandwidth), ("--iou", Iou), ("--anchors", Anchors), ("--anchor-seed", AnchorSeed),
    }.Where(part => part.Value is not null).Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Option} {part.Value}").Trim()));

    /// <summary>Checks the number of views.</summary>
    /// <param name="orientations">How many were asked for.</param>
    /// <param name="foreground">What <c>--foreground</c> says.</param>
    /// <exception cref="InputException">It is none of 1, 2, 4 and 8, or there is nothing to average.</exception>
    public void RequireViews(int orientations, string foreground)
    {
        ViewCount.Require(orientations);
        if (orientations > 1 && !AveragesViews(foreground))
            throw new InputException($"--orientations: {Name} reads embeddings, which cannot be averaged over views; affinities (mws) and a learned foreground can.");
    }

    /// <summary>Whether there is something that can be averaged over views.</summary>
    public bool AveragesViews(string foreground) => IsMutexWatershed || foreground == ForegroundChoice.Learned;

    /// <summary>Why a model cannot be segmented by a clustering; null = it can.</summary>
    /// <param name="name">The clustering.</param>
    /// <param name="dimensions">Of the model's embeddings.</param>
    /// <param name="trained">What the model was trained with, where it says so.</param>
    public static string? Obstacle(string name, int dimensions, TrainingSettings? trained)
    {
        if (name != MutexWatershed && dimensions > Points.MostDimensions)
            return $"{name} takes embeddings of at most {Points.MostDimensions} dimensions, and those of this model have {dimensions}";
        return name == Consistency && trained?.Optimiser.GNetwork is GNetwork.Shared or GNetwork.Dropout
            ? $"{name} compares f with g, which with --g-network {$"{trained!.Optimiser.GNetwork}".ToLowerInvariant()} are one" : null;
    }

    private HdbscanOptions OfHdbscan(SpocoModelOptions model)
    {
        var options = new HdbscanOptions { MinSamples = MinSamples, SelectionEpsilon = SelectionEpsilon ?? model.PullMargin };
        return options with { MinClusterSize = MinSize ?? options.MinClusterSize, Selection = Leaf ? ClusterSelection.Leaf : options.Selection };
    }

    private MeanShiftOptions OfMeanShift(SpocoModelOptions model) => new() { Bandwidth = Bandwidth ?? model.PullMargin };

    private ConsistencyOptions OfConsistency(SpocoModelOptions model)
    {
        var options = new ConsistencyOptions { MeanShift = OfMeanShift(model) };
        return options with { Anchors = Anchors ?? options.Anchors, Threshold = Iou ?? options.Threshold, Seed = AnchorSeed ?? options.Seed };
    }
}
