using System.Text.Json.Serialization;
using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli.Training;

/// <summary>How a budget of objects is spent.</summary>
internal enum BudgetKind
{
    /// <summary>One object in each of as many images.</summary>
    Sparse,

    /// <summary>All in one image, which then is the only one.</summary>
    Dense,
}

/// <summary>What a ratio of objects is taken of.</summary>
internal enum RatioOf
{
    /// <summary>Every image's objects, at least one of each.</summary>
    Image,

    /// <summary>The objects of the whole training set; images without one are left out.</summary>
    Set,
}

/// <summary>What the labels of the validation images are.</summary>
internal enum ValidationLabels
{
    /// <summary>Complete with full supervision, and where the training uses only a part of the labels in its files; else sparse.</summary>
    Auto,

    /// <summary>Every object is labelled.</summary>
    Complete,

    /// <summary>Some objects are labelled; of complete labels, the part that the training has of its own.</summary>
    Sparse,
}

/// <summary>What a label marks of its object.</summary>
internal enum LabelExtent
{
    /// <summary>All of it.</summary>
    Full,

    /// <summary>Some pixels: a scribble or a blob within it.</summary>
    Partial,
}

/// <summary>Everything that decides what a training computes; stored in its checkpoints, so that <c>--resume</c> needs nothing but the folder.</summary>
internal sealed record TrainSettings
{
    /// <summary>
    /// Values further from those of nearly all pixels than these are from each other are cut: some hot pixels would else shrink everything to
    /// nothing. Most images have none and are as with zscore, and small bright objects stay far above the background.
    /// </summary>
    public const string DefaultNormalisation = "percentile(1,99,1)";

    /// <summary>What trainings did that do not say.</summary>
    public const string FormerNormalisation = "zscore";

    /// <summary>The recipe that the training started from.</summary>
    public string? Recipe { get; init; }

    public string Data { get; init; } = "";

    public string? Validation { get; init; }

    public string RawName { get; init; } = "raw";

    public string LabelName { get; init; } = "label";

    /// <summary>CVPPP: the folders to use; empty = all.</summary>
    public string[] Subsets { get; init; } = [];

    /// <summary>Cityscapes: the one class to train on.</summary>
    public string? Class { get; init; }

    /// <summary>Null = the last fifth of the images, where there is no validation part.</summary>
    public double? HeldOut { get; init; }

    /// <summary>Null = the seed. Studies keep it while the seed varies.</summary>
    public long? HeldOutSeed { get; init; }

    /// <summary>Null = 1 where every image is grey, else those of the images.</summary>
    public int? Channels { get; init; }

    public int? IgnoreLabel { get; init; }

    /// <summary>The label of voxels that are certain to be background, where 0 means not labelled.</summary>
    public int? BackgroundLabel { get; init; }

    /// <summary>Whether every piece of a label is an object of its own.</summary>
    public bool SplitLabels { get; init; }

    /// <summary>What is done to images, as <see cref="NormalisationOptions.Parse"/> reads it.</summary>
    public string Normalise { get; init; } = DefaultNormalisation;

    /// <summary>Where normalised values are cut.</summary>
    public double? Clip { get; init; }

    /// <summary>The model whose parameters training starts with.</summary>
    public string? From { get; init; }

    public int Dimensions { get; init; } = 2;

    public Supervision Supervision { get; init; } = Supervision.Full;

    public double InstanceRatio { get; init; } = 1;

    public RatioOf RatioOf { get; init; }

    public int? Budget { get; init; }

    public BudgetKind BudgetKind { get; init; }

    /// <summary>
    /// What labels mark of their objects. Partial ones say nothing of the pixels beside them: L_obj, L_Upush and the outlines of the foreground are left out then.
    /// </summary>
    public LabelExtent LabelsAre { get; init; }

    /// <summary>The objects to keep, as IMAGE:NUMBER; empty = as ratio or budget say.</summary>
    public string[] KnownObjects { get; init; } = [];

    /// <summary>L_Ucon alone: no label is used.</summary>
    public bool SelfSupervised { get; init; }

    public int[] Maps { get; init; } = [16, 32, 64, 128];

    /// <summary>Null = <c>bcr</c> in 2D, <c>gcr</c> in 3D, where a batch is too small for batch norm.</summary>
    public string? Order { get; init; }

    public int Embedding { get; init; } = 16;

    /// <summary>Null = 128x128 in 2D, 32x64x64 in 3D.</summary>
    public int[]? Patch { get; init; }

    /// <summary>Null = 4 in 2D, 1 in 3D.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Part of the patches that lie anywhere; the others show a labelled object. Null = <see cref="FreePatchShare"/>.</summary>
    public double? FreePatches { get; init; }

    public bool AnisotropicPooling { get; init; }

    public bool NoForeground { get; init; }

    public int Iterations { get; init; } = 6000;

    public double LearningRate { get; init; } = 1.5e-3;

    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    public int Patience { get; init; } = 10;

    /// <summary>Multi-step schedule: fractions of the training.</summary>
    public double[] Milestones { get; init; } = [0.5, 0.75];

    public double WeightDecay { get; init; } = 1e-5;

    public GNetwork GNetwork { get; init; } = GNetwork.Momentum;

    public double Momentum { get; init; } = 0.999;

    public long Seed { get; init; } = 1;

    public ValidationLabels ValidationLabels { get; init; }

    /// <summary>Null = ten times in a training.</summary>
    public int? ValidateEvery { get; init; }

    /// <summary>Null = 0.9, or 0.5 with a critic (A.1).</summary>
    public double? Beta1 { get; init; }

    /// <summary>Null = 0.999, or 0.9 with a critic (A.1).</summary>
    public double? Beta2 { get; init; }

    /// <summary>Whether a critic judges the soft masks.</summary>
    public bool Adversarial { get; init; }

    public double AdversarialWeight { get; init; } = 0.1;

    public int CriticSteps { get; init; } = 5;

    public int AdversarialWarmUp { get; init; } = 50_000;

    public double PenaltyWeight { get; init; } = 10;

    public int CriticMasks { get; init; } = 8;

    public int[] CriticMaps { get; init; } = [64, 128, 256, 512];

    public double CriticRate { get; init; } = 1e-4;

    public double PullMargin { get; init; } = 0.5;

    public double PushMargin { get; init; } = 2;

    public double PullWeight { get; init; } = 1;

    public double PushWeight { get; init; } = 1;

    public double RegulariserWeight { get; init; } = 0.001;

    public double InstanceWeight { get; init; } = 1;

    public InstanceLoss InstanceLoss { get; init; } = InstanceLoss.Dice;

    /// <summary>The paper's best (A.7); its reference's command line has 0.5.</summary>
    public double KernelThreshold { get; init; } = 0.9;

    public double UnlabelledPushWeight { get; init; } = 1;

    /// <summary>Null = 1 with sparse supervision, 0 with full, where the paper's L_SO has no such term.</summary>
    public double? ConsistencyWeight { get; init; }

    public double ForegroundWeight { get; init; } = 1;

    public double ForegroundBalance { get; init; } = 5;

    public double ForegroundOutline { get; init; } = 3;

    public double ForegroundAgreement { get; init; } = 1;

    /// <summary>Sparse supervision: the share of the pixels that belong to objects; null = estimated.</summary>
    public double? ForegroundShare { get; init; }

    public bool NoAugmentation { get; init; }

    /// <summary>
    /// Weaker blur and noise than the paper's: small or dim objects, a few hundredths of a deviation above the background, must stay visible.
    /// </summary>
    public AugmentationOptions Augmentation { get; init; } = new()
    {
        BlurProbability = 0.25, BlurSigma = new DrawRange(0.1, 1), NoiseProbability = 0.25, NoiseDeviation = new DrawRange(0, 0.1),
    };

    /// <summary>The patch with its default filled in.</summary>
    [JsonIgnore]
    public PatchExtents PatchExtents
    {
        get
        {
            var patch = Patch ?? (Dimensions == 3 ? [32, 64, 64] : [128, 128]);
            if (patch.Length != Dimensions || patch.Any(p => p is < 1 or > 65536))
                throw new InputException($"--patch: expected {Dimensions} sizes separated by commas, got {string.Join(",", patch)}.");
            return Dimensions == 3 ? new PatchExtents(patch[0], patch[1], patch[2]) : new PatchExtents(1, patch[0], patch[1]);
        }
    }

    /// <summary>The batch size with its default filled in.</summary>
    [JsonIgnore]
    public int EffectiveBatchSize => BatchSize ?? (Dimensions == 3 ? 1 : 4);

    /// <summary>The augmentation with <see cref="NoAugmentation"/> applied; whether images are resized is no variation.</summary>
    [JsonIgnore]
    public AugmentationOptions EffectiveAugmentation => NoAugmentation ? AugmentationOptions.None with { ScaleOf = Augmentation.ScaleOf } : Augmentation;

    /// <summary>The size that whole images are resized to before the network sees them; null = they are not.</summary>
    [JsonIgnore]
    public PatchExtents? Resized => Augmentation.ScaleOf == ScaleReference.Image ? PatchExtents : null;

    /// <summary>Whether the background is a labelled object, because 0 has to mean that a voxel is ignored.</summary>
    [JsonIgnore]
    public bool NamesBackground => Supervision == Supervision.Full && IgnoreLabel is not null && !SelfSupervised;

    /// <summary>What of the data set is used.</summary>
    [JsonIgnore]
    public DataSelection Selection => new()
    {
        RawName = RawName, LabelName = LabelName, Subsets = Subsets, Class = CityscapesClass.Named(Class), IgnoreLabel = IgnoreLabel, Labelled = !SelfSupervised,
    };

    /// <summary>What is done to images and labels when they are read.</summary>
    [JsonIgnore]
    public ImageReading Reading => new(Normalisation, SplitLabels, IgnoreLabel, BackgroundLabel);

    /// <summary>The normalisation that the model is to keep.</summary>
    /// <exception cref="InputException">It is none.</exception>
    [JsonIgnore]
    public NormalisationOptions Normalisation => NormalisationOptions.Parse(Normalise) with { Clip = Clip };

    /// <summary>The validation interval with its default filled in.</summary>
    [JsonIgnore]
    public int EffectiveValidateEvery => ValidateEvery ?? Math.Max(1, (Iterations + 9) / 10);

    /// <summary>Whether the network learns which pixels belong to objects.</summary>
    [JsonIgnore]
    public bool HasForeground => !NoForeground && !SelfSupervised && !NamesBackground;

    /// <summary>Whether validation images have objects without a label, so that the scores are those of the labelled ones.</summary>
    [JsonIgnore]
    public bool ValidatesLabelledAlone => ValidationLabels == ValidationLabels.Sparse
        || (ValidationLabels == ValidationLabels.Auto && Supervision == Supervision.Sparse && !SelfSupervised
            && (LabelsAre == LabelExtent.Partial || (InstanceRatio == 1 && Budget is null && KnownObjects.Length == 0)));

    /// <summary>The model that is trained.</summary>
    public SpocoModelOptions Model(int imageChannels) => new()
    {
        Network = new UNetOptions
        {
            Dimensions = Dimensions,
            InputChannels = imageChannels,
            FeatureMaps = Maps,
            Order = Order ?? (Dimensions == 3 ? "gcr" : "bcr"),
            PoolDepth = Dimensions == 3 && !AnisotropicPooling ? 2 : 1,
        },
        EmbeddingDimensions = Embedding,
        Foreground = HasForeground,
        PullMargin = PullMargin,
        PushMargin = PushMargin,
        Normalisation = Normalisation,
    };

    /// <summary>The choices of the trainer.</summary>
    [JsonIgnore]
    public TrainingOptions Training => new()
    {
        Loss = SelfSupervised ? ConsistencyAlone : new SpocoLossOptions
        {
            Supervision = NamesBackground ? Supervision.Sparse : Supervision,
            ForegroundWeight = (float)ForegroundWeight,
            ForegroundBalance = (float)ForegroundBalance,
            ForegroundShare = ForegroundShare ?? 0.5,
            ForegroundOutline = LabelsAre == LabelExtent.Full ? ForegroundOutline : 0,
            ForegroundAgreement = ForegroundAgreement,
            PullWeight = (float)PullWeight,
            PushWeight = (float)PushWeight,
            RegulariserWeight = (float)RegulariserWeight,
            InstanceWeight = LabelsAre == LabelExtent.Full ? (float)InstanceWeight : 0,
            InstanceLoss = LabelsAre == LabelExtent.Full ? InstanceLoss : InstanceLoss.None,
            KernelThreshold = (float)KernelThreshold,
            UnlabelledPushWeight = Supervision == Supervision.Sparse && LabelsAre == LabelExtent.Full ? (float)UnlabelledPushWeight : 0,
            ConsistencyWeight = (float)(ConsistencyWeight ?? (Supervision == Supervision.Sparse ? 1 : 0)),
        },
        GNetwork = GNetwork,
        Momentum = Momentum,
        Adversarial = AdversarialOptions,
        Adam = new AdamSettings
        {
            WeightDecay = WeightDecay, Beta1 = Beta1 ?? (Adversarial ? 0.5 : 0.9), Beta2 = Beta2 ?? (Adversarial ? 0.9 : 0.999),
        },
        Schedule = new ScheduleOptions
        {
            Kind = Schedule, LearningRate = LearningRate, Iterations = Iterations, Patience = Patience, Milestones = Milestones,
        },
        Seed = Seed,
    };

    /// <summary>The choices of the critic; null without one.</summary>
    [JsonIgnore]
    public AdversarialOptions? AdversarialOptions => !Adversarial ? null : new AdversarialOptions
    {
        Patch = new TensorShape(1, PatchExtents.Depth, PatchExtents.Height, PatchExtents.Width, 1),
        Dimensions = Dimensions,
        Weight = (float)AdversarialWeight,
        CriticSteps = CriticSteps,
        WarmUp = AdversarialWarmUp,
        PenaltyWeight = (float)PenaltyWeight,
        Masks = CriticMasks,
        FeatureMaps = CriticMaps,
        Adam = new AdamSettings { LearningRate = CriticRate, Beta1 = 0.5, Beta2 = 0.9, WeightDecay = 0 },
    };

    private SpocoLossOptions ConsistencyAlone => new()
    {
        Supervision = Supervision.Sparse, PullWeight = 0, PushWeight = 0, RegulariserWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0,
        InstanceLoss = InstanceLoss.None, ConsistencyWeight = (float)(ConsistencyWeight ?? 1), KernelThreshold = (float)KernelThreshold,
    };

    /// <summary>Checks what no other class checks.</summary>
    /// <exception cref="InputException">A setting is out of range.</exception>
    public void Validate()
    {
        if (InstanceRatio is not (> 0 and <= 1))
            throw new InputException($"--instance-ratio: expected a fraction in (0, 1], got {InstanceRatio}.");
        if (InstanceRatio < 1 && Supervision == Supervision.Full)
            throw new InputException("--instance-ratio: needs --supervision sparse: with full supervision everything unlabelled counts as background.");
        if (Budget is < 1)
            throw new InputException($"--budget: a budget is at least 1 object, got {Budget}.");
        if (Budget is not null && InstanceRatio < 1)
            throw new InputException("--budget: says how many objects are known, as does --instance-ratio; give one of them.");
        if (Budget is not null && BudgetKind == BudgetKind.Sparse && Supervision == Supervision.Full)
            throw new InputException("--budget: a sparse budget needs --supervision sparse; --budget-kind dense is one image with all its objects.");
        if (KnownObjects.Length > 0 && (Supervision == Supervision.Full || SelfSupervised || Budget is not null || InstanceRatio < 1))
            throw new InputException("--known-objects: needs --supervision sparse, and says which objects are known, as do --budget and --instance-ratio; give one of them.");
        if (SelfSupervised && (Budget is not null || InstanceRatio < 1))
            throw new InputException("--self-supervised: uses no labels; leave out --budget and --instance-ratio.");
        if (SelfSupervised && ConsistencyWeight == 0)
            throw new InputException("--self-supervised: the consistency is all there is to learn from; --consistency-weight must be above 0.");
        if (BackgroundLabel is { } background)
        {
            if (Supervision == Supervision.Full || SelfSupervised)
                throw new InputException("--background-label: needs --supervision sparse: with full supervision 0 is background.");
            if (background <= 0 || background == IgnoreLabel)
                throw new InputException($"--background-label: expected a number above 0 that is not the ignored label, got {background}.");
        }

        if (LabelsAre == LabelExtent.Partial && (Supervision == Supervision.Full || SelfSupervised))
            throw new InputException("--labels-are: partial needs --supervision sparse: with full supervision every pixel without a label is background.");
        if (LabelsAre == LabelExtent.Partial && Adversarial)
            throw new InputException("--adversarial: a critic compares whole objects; it does not go with --labels-are partial.");
        if (ForegroundShare is { } share)
        {
            if (Supervision == Supervision.Full)
                throw new InputException("--foreground-share: needs --supervision sparse: full labels tell the foreground.");
            if (share is not (> 0 and < 1))
                throw new InputException($"--foreground-share: expected a share between 0 and 1, got {share}.");
        }

        if (ValidationLabels == ValidationLabels.Sparse && Supervision == Supervision.Full)
            throw new InputException("--validation-labels: sparse needs --supervision sparse.");
        if (HeldOut is not (null or (> 0 and < 1)))
            throw new InputException($"--held-out: expected a fraction in (0, 1), got {HeldOut}.");
        if (Augmentation.ScaleOf == ScaleReference.Image && Dimensions == 3)
            throw new InputException("--scale-of: whole images are resized in 2D only; use patch.");
        _ = CityscapesClass.Named(Class);
        EffectiveAugmentation.Validate();
        if (Iterations < 1)
            throw new InputException($"--iterations: expected at least 1, got {Iterations}.");
        if (Adversarial && SelfSupervised)
            throw new InputException("--adversarial: a critic judges the masks of labelled objects; it does not go with --self-supervised.");
        if (Adversarial && AdversarialWarmUp >= Iterations)
            throw new InputException(
                $"--adversarial-warmup: the training ends after {Iterations} iterations, before the critic would begin ({AdversarialWarmUp}).");
        AdversarialOptions?.Validate();
        if (FreePatches is not (null or (>= 0 and <= 1)))
            throw new InputException($"--free-patches: expected a fraction in [0, 1], got {FreePatches}.");
        if (EffectiveBatchSize is < 1 or > 1024)
            throw new InputException($"--batch-size: expected 1 to 1024, got {EffectiveBatchSize}.");
        if (EffectiveValidateEvery < 1)
            throw new InputException($"--validate-every: expected at least 1, got {EffectiveValidateEvery}.");
        _ = PatchExtents;
        try
        {
            Normalisation.Validate();
        }
        catch (Exception e) when (e is InputException or ArgumentException)
        {
            throw new InputException($"--normalise: {e.Message}", e);
        }
    }
}
