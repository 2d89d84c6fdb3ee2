using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>Where the images of a training come from. Settable: generated readers of JSON make what a file leaves out 0 where a property is set with the object.</summary>
internal sealed record SourceSettings
{
    /// <summary>The recipe that the training started from.</summary>
    public string? Recipe { get; set; }

    public string Data { get; set; } = "";

    public string? Validation { get; set; }

    public string RawName { get; set; } = "raw";

    public string LabelName { get; set; } = "label";

    /// <summary>CVPPP: the folders to use; empty = all.</summary>
    public string[] Subsets { get; set; } = [];

    /// <summary>Cityscapes: the one class to train on.</summary>
    public string? Class { get; set; }

    /// <summary>Null = the last fifth of the images, where there is no validation part.</summary>
    public double? HeldOut { get; set; }

    /// <summary>Null = the seed. Studies keep it while the seed varies.</summary>
    public long? HeldOutSeed { get; set; }
}

/// <summary>A training of the command line: that of the engine, with its images in files; stored in its checkpoints, so that <c>--resume</c> needs nothing but the folder.</summary>
internal sealed record TrainSettings : TrainingSettings
{
    public TrainSettings()
    {
    }

    /// <summary>The settings of a training, with images from nowhere.</summary>
    public TrainSettings(TrainingSettings training)
        : base(training)
    {
    }

    /// <summary>Where the images come from.</summary>
    public SourceSettings Source { get; init; } = new();

    /// <summary>What of the data set is used.</summary>
    public DataSelection Selection => new()
    {
        RawName = Source.RawName, LabelName = Source.LabelName, Subsets = Source.Subsets, Class = CityscapesClass.Named(Source.Class), IgnoreLabel = Labels.IgnoreLabel,
        Labelled = !Labels.SelfSupervised,
    };

    /// <inheritdoc/>
    public override void Validate()
    {
        if (Source.HeldOut is not (null or (> 0 and < 1)))
            throw new InputException($"--held-out: expected a fraction in (0, 1), got {Source.HeldOut}.");
        _ = CityscapesClass.Named(Source.Class);
        base.Validate();
    }
}
