using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>Everything that decides what a training computes from its images and labels; stored in its checkpoints. Errors name a setting by its path, such as <c>Labels.Budget</c>.</summary>
public record TrainingSettings
{
    /// <summary>What the labels say, and which of them training is to know.</summary>
    public LabelSettings Labels { get; init; } = new();

    /// <summary>What the network sees of images.</summary>
    public DataSettings Data { get; init; } = new();

    /// <summary>How patches are varied. Weaker blur and noise than the paper's: small or dim objects, a few hundredths of a deviation above the background, must stay visible.</summary>
    public AugmentationOptions Augmentation { get; init; } = new()
    {
        BlurProbability = 0.25, BlurSigma = new DrawRange(0.1, 1), NoiseProbability = 0.25, NoiseDeviation = new DrawRange(0, 0.1),
    };

    /// <summary>Whether patches are trained on as they are.</summary>
    public bool NoAugmentation { get; init; }

    /// <summary>Architecture of the networks, and the model to start from.</summary>
    public NetworkSettings Network { get; init; } = new();

    /// <summary>Margins and weights of the loss.</summary>
    public LossSettings Loss { get; init; } = new();

    /// <summary>Number of steps, the learning rate with its schedule, and the precision.</summary>
    public OptimiserSettings Optimiser { get; init; } = new();

    /// <summary>The critic that may judge the soft masks.</summary>
    public CriticSettings Critic { get; init; } = new();

    /// <summary>How and when the training is validated.</summary>
    public ValidationSettings Validation { get; init; } = new();

    /// <summary>Seed of parameters, patches, augmentation, anchors and the choice of objects.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The extents of a patch with their default filled in.</summary>
    /// <exception cref="InputException">They are not as many as the network has dimensions, or out of range.</exception>
    public PatchExtents PatchExtents
    {
        get
        {
            var (dimensions, patch) = (Network.Dimensions, Data.Patch ?? (Network.Dimensions == 3 ? [32, 64, 64] : [128, 128]));
            if (patch.Length != dimensions || patch.Any(p => p is < 1 or > 65536))
                throw InputException.OfSetting("Data.Patch", $"expected {dimensions} sizes from 1 to 65536, got {string.Join(",", patch)}.");
            return dimensions == 3 ? new PatchExtents(patch[0], patch[1], patch[2]) : new PatchExtents(1, patch[0], patch[1]);
        }
    }

    /// <summary>The batch size with its default filled in.</summary>
    public int EffectiveBatchSize => Data.BatchSize ?? (Network.Dimensions == 3 ? 1 : 4);

    /// <summary>The augmentation with <see cref="NoAugmentation"/> applied; whether images are resized is no variation.</summary>
    public AugmentationOptions EffectiveAugmentation => NoAugmentation ? AugmentationOptions.None with { ScaleOf = Augmentation.ScaleOf } : Augmentation;

    /// <summary>The validation interval with its default filled in.</summary>
    public int EffectiveValidateEvery => Validation.Every ?? Math.Max(1, (Optimiser.Iterations + 9) / 10);

    /// <summary>The size that whole images are resized to before the network sees them; null = they are not.</summary>
    public PatchExtents? Resized => Augmentation.ScaleOf == ScaleReference.Image ? PatchExtents : null;

    /// <summary>The normalisation that the model is to keep.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public NormalisationOptions Normalisation => NormalisationOptions.Parse(Data.Normalise) with { Clip = Data.Clip };

    /// <summary>What is done to images and labels when they are read.</summary>
    internal ImageReading Reading => new(Normalisation, Labels.SplitLabels, Labels.IgnoreLabel, Labels.BackgroundLabel);

    /// <summary>Whether the network learns which pixels belong to objects.</summary>
    public bool HasForeground => !Network.NoForeground && !Labels.SelfSupervised && !Labels.NamesBackground;

    /// <summary>Whether validation images have objects without a label, so that the scores are those of the labelled ones.</summary>
    public bool ValidatesLabelledAlone => Validation.Labels == ValidationLabels.Sparse
        || (Validation.Labels == ValidationLabels.Auto && Labels is { Supervision: Supervision.Sparse, SelfSupervised: false }
            && (Labels.Extent == LabelExtent.Partial || Labels.KnowsAll));

    /// <summary>The choices of the trainer.</summary>
    public TrainingOptions Training => new()
    {
        Loss = Labels.SelfSupervised ? ConsistencyAlone : WeightedLoss,
        GNetwork = Optimiser.GNetwork,
        Momentum = Optimiser.Momentum,
        Adversarial = Adversarial,
        Adam = new AdamSettings
        {
            WeightDecay = Optimiser.WeightDecay, Beta1 = Optimiser.Beta1 ?? (Critic.Enabled ? 0.5 : 0.9), Beta2 = Optimiser.Beta2 ?? (Critic.Enabled ? 0.9 : 0.999),
        },
        Schedule = new ScheduleOptions
        {
            Kind = Optimiser.Schedule, LearningRate = Optimiser.LearningRate, Iterations = Optimiser.Iterations, Patience = Optimiser.Patience, Milestones = Optimiser.Milestones,
        },
        Seed = Seed,
    };

    /// <summary>The choices of the critic; null without one.</summary>
    public AdversarialOptions? Adversarial => !Critic.Enabled ? null : new AdversarialOptions
    {
        Patch = new TensorShape(1, PatchExtents.Depth, PatchExtents.Height, PatchExtents.Width, 1),
        Dimensions = Network.Dimensions,
        Weight = (float)Critic.Weight,
        CriticSteps = Critic.Steps,
        WarmUp = Critic.WarmUp,
        PenaltyWeight = (float)Critic.PenaltyWeight,
        Masks = Critic.Masks,
        FeatureMaps = Critic.Maps,
        Adam = new AdamSettings { LearningRate = Critic.LearningRate, Beta1 = 0.5, Beta2 = 0.9, WeightDecay = 0 },
    };

    private SpocoLossOptions WeightedLoss
    {
        get
        {
            var (sparse, whole) = (Labels.Supervision == Supervision.Sparse, Labels.Extent == LabelExtent.Full);
            return new SpocoLossOptions
            {
                Supervision = Labels.NamesBackground ? Supervision.Sparse : Labels.Supervision,
                ForegroundWeight = (float)Loss.ForegroundWeight,
                ForegroundBalance = (float)Loss.ForegroundBalance,
                ForegroundShare = Loss.ForegroundShare ?? 0.5,
                ForegroundOutline = whole ? Loss.ForegroundOutline : 0,
                ForegroundAgreement = Loss.ForegroundAgreement,
                PullWeight = (float)Loss.PullWeight,
                PushWeight = (float)Loss.PushWeight,
                RegulariserWeight = (float)Loss.RegulariserWeight,
                InstanceWeight = whole ? (float)Loss.InstanceWeight : 0,
                InstanceLoss = whole ? Loss.InstanceLoss : InstanceLoss.None,
                KernelThreshold = (float)Loss.KernelThreshold,
                UnlabelledPushWeight = sparse && whole ? (float)Loss.UnlabelledPushWeight : 0,
                ConsistencyWeight = (float)(Loss.ConsistencyWeight ?? (sparse ? 1 : 0)),
            };
        }
    }

    private SpocoLossOptions ConsistencyAlone => new()
    {
        Supervision = Supervision.Sparse, PullWeight = 0, PushWeight = 0, RegulariserWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0,
        InstanceLoss = InstanceLoss.None, ConsistencyWeight = (float)(Loss.ConsistencyWeight ?? 1), KernelThreshold = (float)Loss.KernelThreshold,
    };

    /// <summary>The settings as a checkpoint keeps them: a JSON object.</summary>
    public string ToJson() => SettingsFormat.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> has written, here or in an earlier version; other properties are passed over.</summary>
    /// <exception cref="System.Text.Json.JsonException">The text is no such JSON.</exception>
    public static TrainingSettings FromJson(string json) => SettingsFormat.Read(json);

    /// <summary>The settings without what names files and objects of whoever trained.</summary>
    internal TrainingSettings ToGiveAway() => this with { Network = Network with { From = null }, Labels = Labels with { KnownObjects = [] } };

    /// <summary>The model that is trained.</summary>
    /// <param name="imageChannels">Values per voxel of the images.</param>
    public SpocoModelOptions Model(int imageChannels) => new()
    {
        Network = new UNetOptions
        {
            Dimensions = Network.Dimensions,
            InputChannels = imageChannels,
            FeatureMaps = Network.Maps,
            Order = Network.Order ?? (Network.Dimensions == 3 ? "gcr" : "bcr"),
            PoolDepth = Network.Dimensions == 3 && !Network.AnisotropicPooling ? 2 : 1,
        },
        EmbeddingDimensions = Network.Embedding,
        Foreground = HasForeground,
        PullMargin = Loss.PullMargin,
        PushMargin = Loss.PushMargin,
        Normalisation = Normalisation,
    };

    /// <summary>Checks what no other class checks.</summary>
    /// <exception cref="InputException">A setting is out of range, or contradicts another.</exception>
    public virtual void Validate()
    {
        Labels.Validate();
        if (Labels.SelfSupervised && Loss.ConsistencyWeight == 0)
            throw InputException.OfSetting("Labels.SelfSupervised", "the consistency is all there is to learn from; Loss.ConsistencyWeight must be above 0.");
        if (Labels.Extent == LabelExtent.Partial && Critic.Enabled)
            throw InputException.OfSetting("Critic.Enabled", "a critic compares whole objects; it does not go with partial labels (Labels.Extent).");
        if (Loss.ForegroundShare is { } share)
        {
            if (Labels.Supervision == Supervision.Full)
                throw InputException.OfSetting("Loss.ForegroundShare", "needs sparse supervision (Labels.Supervision): full labels tell the foreground.");
            if (share is not (> 0 and < 1))
                throw InputException.OfSetting("Loss.ForegroundShare", $"expected a share between 0 and 1, got {share}.");
        }

        if (Validation.Labels == ValidationLabels.Sparse && Labels.Supervision == Supervision.Full)
            throw InputException.OfSetting("Validation.Labels", "sparse ones need sparse supervision (Labels.Supervision).");
        if (Augmentation.ScaleOf == ScaleReference.Image && Network.Dimensions == 3)
            throw InputException.OfSetting("Augmentation.ScaleOf", "whole images are resized in 2D only; use patch.");
        EffectiveAugmentation.Validate();
        if (Optimiser.Iterations < 1)
            throw InputException.OfSetting("Optimiser.Iterations", $"expected at least 1, got {Optimiser.Iterations}.");
        if (Optimiser.Precision is { } precision && !Enum.IsDefined(precision))
            throw InputException.OfSetting("Optimiser.Precision", $"there is no precision {precision}.");
        if (Critic.Enabled && Labels.SelfSupervised)
            throw InputException.OfSetting("Critic.Enabled", "a critic judges the masks of labelled objects; it does not go with Labels.SelfSupervised.");
        if (Critic.Enabled && Critic.WarmUp >= Optimiser.Iterations)
            throw InputException.OfSetting(
                "Critic.WarmUp", $"the training ends after {Optimiser.Iterations} iterations, before the critic would begin ({Critic.WarmUp}).");
        Adversarial?.Validate();
        if (Data.FreePatches is not (null or (>= 0 and <= 1)))
            throw InputException.OfSetting("Data.FreePatches", $"expected a fraction in [0, 1], got {Data.FreePatches}.");
        if (EffectiveBatchSize is < 1 or > 1024)
            throw InputException.OfSetting("Data.BatchSize", $"expected 1 to 1024, got {EffectiveBatchSize}.");
        if (EffectiveValidateEvery < 1)
            throw InputException.OfSetting("Validation.Every", $"expected at least 1, got {EffectiveValidateEvery}.");
        _ = PatchExtents;
        try
        {
            Normalisation.Validate();
        }
        catch (Exception e) when (e is InputException or ArgumentException)
        {
            throw InputException.OfSetting("Data.Normalise", e.Message, e);
        }
    }
}
