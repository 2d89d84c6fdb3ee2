using System.CommandLine;
using Spoco.Cli.Segmentation;

namespace Spoco.Cli.Commands;

/// <summary>The options of clusterings, which several commands share; each command makes its own instances.</summary>
internal sealed class ClusteringOptions
{
    private readonly Option<int?> _minSize = new("--min-size")
    {
        Description = "hdbscan: fewest pixels of a cluster, at least 2; what is in none is noise. Default: 200, the paper's for CVPPP (600 for Ovules).", HelpName = "pixels",
    };

    private readonly Option<int?> _minSamples = new("--min-samples") { Description = "hdbscan: neighbours that make a pixel's surroundings dense. Default: --min-size.", HelpName = "count" };

    private readonly Option<double?> _selectionEpsilon = new("--selection-epsilon")
    {
        Description = "hdbscan: clusters that part at a smaller distance are not divided. Default: delta_v of the model.", HelpName = "distance",
    };

    private readonly Option<bool> _leaf = new("--leaf") { Description = "hdbscan: take the leaves of the hierarchy, its finest clusters, instead of the most stable ones." };

    private readonly Option<double?> _bandwidth = new("--bandwidth")
    {
        Description = "mean-shift, ms+, consistency: radius of the kernel; for consistency also of the balls in g. Default: delta_v of the model.", HelpName = "distance",
    };

    private readonly Option<double?> _iou = new("--iou")
    {
        Description = "consistency: objects whose median IoU with the balls around their anchors in g is below this are dropped. Default: 0.6.", HelpName = "iou",
    };

    private readonly Option<int?> _anchors = new("--anchors") { Description = "consistency: anchors drawn from every object. Default: 100.", HelpName = "count" };

    private readonly Option<long?> _anchorSeed = new("--anchor-seed") { Description = "consistency: decides the anchors. Default: 1.", HelpName = "number" };

    /// <summary>Which clustering, for commands that run one.</summary>
    public Option<string?> Clustering { get; } = OneOf(new("--clustering")
    {
        Description = "What divides the pixels by their embeddings (appendix A.4): mws (affinities and Mutex Watershed), hdbscan, mean-shift, ms+ (its segments joined where their means are "
            + "close) or consistency (those objects of mean-shift that look the same in g). See docs/clustering.md. Default: mws.",
        HelpName = string.Join('|', ClusteringRequest.All),
    });

    /// <summary>Whether holes are filled.</summary>
    public Option<bool> Fill { get; } = new("--fill")
    {
        Description = "Let segments grow over pixels of the foreground that are in none, such as the noise of hdbscan: by the distance of a pixel's embedding to the mean of the segment, "
            + "nearest first.",
    };

    /// <summary>Adds the options of the clusterings themselves.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _minSize, _minSamples, _selectionEpsilon, _leaf, _bandwidth, _iou, _anchors, _anchorSeed })
            command.Options.Add(option);
    }

    /// <summary>What was asked for, by the name that <see cref="Clustering"/> has where the command has it.</summary>
    public ClusteringRequest Of(ParseResult result) => new()
    {
        Name = (result.CommandResult.Command.Options.Contains(Clustering) ? result.GetValue(Clustering) : null) ?? ClusteringRequest.MutexWatershed,
        MinSize = result.GetValue(_minSize), MinSamples = result.GetValue(_minSamples), SelectionEpsilon = result.GetValue(_selectionEpsilon), Leaf = result.GetValue(_leaf),
        Bandwidth = result.GetValue(_bandwidth), Iou = result.GetValue(_iou), Anchors = result.GetValue(_anchors), AnchorSeed = result.GetValue(_anchorSeed),
    };

    private static Option<string?> OneOf(Option<string?> option)
    {
        option.AcceptOnlyFromAmong([.. ClusteringRequest.All]);
        return option;
    }
}
