using System.Text.Json.Serialization;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;

namespace Spoco.Engine.Training;

/// <summary>How a budget of objects is spent.</summary>
public enum BudgetKind
{
    /// <summary>One object in each of as many images.</summary>
    Sparse,

    /// <summary>All in one image, which then is the only one.</summary>
    Dense,
}

/// <summary>What a ratio of objects is taken of.</summary>
public enum RatioOf
{
    /// <summary>Every image's objects, at least one of each.</summary>
    Image,

    /// <summary>The objects of the whole training set; images without one are left out.</summary>
    Set,
}

/// <summary>What a label marks of its object.</summary>
public enum LabelExtent
{
    /// <summary>Every voxel of the object.</summary>
    Full,

    /// <summary>Some pixels: a scribble or a blob within it.</summary>
    Partial,
}

/// <summary>What the labels of a training say, and which of them it is to know.</summary>
public sealed record LabelSettings
{
    /// <summary>Whether 0 is background (full) or means not labelled (sparse).</summary>
    public Supervision Supervision { get; init; } = Supervision.Full;

    /// <summary>L_Ucon alone: no label is used.</summary>
    public bool SelfSupervised { get; init; }

    /// <summary>Sparse supervision: the part of the labelled objects that training is to know, above 0 and up to 1.</summary>
    public double InstanceRatio { get; init; } = 1;

    /// <summary>What <see cref="InstanceRatio"/> is taken of.</summary>
    public RatioOf RatioOf { get; init; }

    /// <summary>Objects of the whole training set that training is to know, instead of a ratio; null = as the ratio says.</summary>
    public int? Budget { get; init; }

    /// <summary>How <see cref="Budget"/> is spent.</summary>
    public BudgetKind BudgetKind { get; init; }

    /// <summary>The objects to keep, as IMAGE:NUMBER; empty = as ratio or budget say.</summary>
    public string[] KnownObjects { get; init; } = [];

    /// <summary>
    /// What labels mark of their objects. Partial ones say nothing of the pixels beside them: L_obj, L_Upush and the outlines of the foreground are left out then.
    /// </summary>
    [JsonPropertyName("LabelsAre")]
    public LabelExtent Extent { get; init; }

    /// <summary>The label of voxels that are not known: they are neither an object nor background.</summary>
    public int? IgnoreLabel { get; init; }

    /// <summary>The label of voxels that are certain to be background, where 0 means not labelled.</summary>
    public int? BackgroundLabel { get; init; }

    /// <summary>Whether every piece of a label is an object of its own.</summary>
    public bool SplitLabels { get; init; }

    /// <summary>Whether the background is a labelled object, because 0 has to mean that a voxel is ignored.</summary>
    [JsonIgnore]
    public bool NamesBackground => Supervision == Supervision.Full && IgnoreLabel is not null && !SelfSupervised;

    /// <summary>Whether training knows all objects that are labelled.</summary>
    [JsonIgnore]
    internal bool KnowsAll => InstanceRatio == 1 && Budget is null && KnownObjects.Length == 0;

    /// <summary>What training sees of labels, before objects are chosen.</summary>
    [JsonIgnore]
    internal LabelRule Rule => new() { Ignored = IgnoreLabel, BackgroundLabel = BackgroundLabel, NamesBackground = NamesBackground };

    /// <summary>Checks every rule that concerns labels alone.</summary>
    /// <exception cref="InputException">One is broken.</exception>
    internal void Validate()
    {
        if (InstanceRatio is not (> 0 and <= 1))
            throw InputException.OfSetting("Labels.InstanceRatio", $"expected a fraction in (0, 1], got {InstanceRatio}.");
        if (InstanceRatio < 1 && Supervision == Supervision.Full)
            throw InputException.OfSetting("Labels.InstanceRatio", "needs sparse supervision (Labels.Supervision): with full supervision everything unlabelled counts as background.");
        if (Budget is < 1)
            throw InputException.OfSetting("Labels.Budget", $"a budget is at least 1 object, got {Budget}.");
        if (Budget is not null && InstanceRatio < 1)
            throw InputException.OfSetting("Labels.Budget", "says how many objects are known, as does Labels.InstanceRatio; give one of them.");
        if (Budget is not null && BudgetKind == BudgetKind.Sparse && Supervision == Supervision.Full)
            throw InputException.OfSetting("Labels.Budget", "a sparse budget needs sparse supervision (Labels.Supervision); a dense one (Labels.BudgetKind) is one image with all its objects.");
        if (KnownObjects.Length > 0 && (Supervision == Supervision.Full || SelfSupervised || Budget is not null || InstanceRatio < 1))
            throw InputException.OfSetting("Labels.KnownObjects", "needs sparse supervision (Labels.Supervision), and says which objects are known, as do Labels.Budget and Labels.InstanceRatio; give one of them.");
        if (SelfSupervised && (Budget is not null || InstanceRatio < 1))
            throw InputException.OfSetting("Labels.SelfSupervised", "uses no labels; leave out Labels.Budget and Labels.InstanceRatio.");
        if (BackgroundLabel is { } background)
        {
            if (Supervision == Supervision.Full || SelfSupervised)
                throw InputException.OfSetting("Labels.BackgroundLabel", "needs sparse supervision (Labels.Supervision): with full supervision 0 is background.");
            if (background <= 0 || background == IgnoreLabel)
                throw InputException.OfSetting("Labels.BackgroundLabel", $"expected a number above 0 that is not the ignored label, got {background}.");
        }

        if (Extent == LabelExtent.Partial && (Supervision == Supervision.Full || SelfSupervised))
            throw InputException.OfSetting("Labels.Extent", "partial labels need sparse supervision (Labels.Supervision): with full supervision every pixel without a label is background.");
    }
}
