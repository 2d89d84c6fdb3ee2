using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Engine.Checkpoints;

/// <summary>
/// The settings of a training as a checkpoint keeps them: one JSON object in which the properties of all subjects stand side by side, and the augmentation as an object of its own. Each subject
/// reads its own properties and passes over the others.
/// </summary>
internal static class SettingsFormat
{
    /// <summary>What trainings did that do not say how they normalise.</summary>
    public const string FormerNormalisation = "zscore";

    private const string Augmentation = nameof(TrainingSettings.Augmentation);
    private const string NoAugmentation = nameof(TrainingSettings.NoAugmentation);
    private const string Seed = nameof(TrainingSettings.Seed);

    // The order in which they have always been written: files of equal settings are equal. What is not named here follows.
    private static readonly string[] Order =
    [
        "Channels", "IgnoreLabel", "BackgroundLabel", "SplitLabels", "Normalise", "Clip", "From", "Dimensions", "Supervision", "InstanceRatio", "RatioOf", "Budget",
        "BudgetKind", "LabelsAre", "KnownObjects", "SelfSupervised", "Maps", "Order", "Embedding", "Patch", "BatchSize", "FreePatches", "AnisotropicPooling",
        "NoForeground", "Iterations", "LearningRate", "Schedule", "Patience", "Milestones", "WeightDecay", "GNetwork", "Momentum", Seed, "ValidationLabels",
        "ValidateEvery", "Beta1", "Beta2", "Adversarial", "AdversarialWeight", "CriticSteps", "AdversarialWarmUp", "PenaltyWeight", "CriticMasks", "CriticMaps",
        "CriticRate", "PullMargin", "PushMargin", "PullWeight", "PushWeight", "RegulariserWeight", "InstanceWeight", "InstanceLoss", "KernelThreshold",
        "UnlabelledPushWeight", "ConsistencyWeight", "ForegroundWeight", "ForegroundBalance", "ForegroundOutline", "ForegroundAgreement", "ForegroundShare",
        NoAugmentation, Augmentation,
    ];

    private static CheckpointJson Json => CheckpointJson.Default;

    /// <summary>The settings as JSON.</summary>
    public static string Write(TrainingSettings settings)
    {
        var values = new List<(string Name, JsonElement Value)>();
        Add(settings.Labels, Json.LabelSettings);
        Add(settings.Data, Json.DataSettings);
        Add(settings.Network, Json.NetworkSettings);
        Add(settings.Loss, Json.LossSettings);
        Add(settings.Optimiser, Json.OptimiserSettings);
        Add(settings.Critic, Json.CriticSettings);
        Add(settings.Validation, Json.ValidationSettings);
        values.Add((Augmentation, JsonSerializer.SerializeToElement(settings.Augmentation, Json.AugmentationOptions)));
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            foreach (var name in Order.Concat(values.Select(value => value.Name).Except(Order)))
            {
                if (name == Seed)
                    writer.WriteNumber(name, settings.Seed);
                else if (name == NoAugmentation)
                    writer.WriteBoolean(name, settings.NoAugmentation);
                else
                    Write(writer, values.Single(value => value.Name == name));
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);

        void Add<T>(T subject, JsonTypeInfo<T> type) =>
            values.AddRange(JsonSerializer.SerializeToElement(subject, type).EnumerateObject().Select(property => (property.Name, property.Value)));
    }

    /// <summary>Reads what <see cref="Write(TrainingSettings)"/> has written, here or in an earlier version.</summary>
    /// <exception cref="JsonException">The text is no such JSON.</exception>
    public static TrainingSettings Read(string json)
    {
        var defaults = new TrainingSettings();
        using var stored = JsonDocument.Parse(json);
        var root = stored.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new JsonException("A JSON object is expected.");
        var settings = new TrainingSettings
        {
            Labels = CheckpointJson.Read(json, defaults.Labels, Json.LabelSettings),
            Data = CheckpointJson.Read(json, defaults.Data, Json.DataSettings),
            Network = CheckpointJson.Read(json, defaults.Network, Json.NetworkSettings),
            Loss = CheckpointJson.Read(json, defaults.Loss, Json.LossSettings),
            Optimiser = CheckpointJson.Read(json, defaults.Optimiser, Json.OptimiserSettings),
            Critic = CheckpointJson.Read(json, defaults.Critic, Json.CriticSettings),
            Validation = CheckpointJson.Read(json, defaults.Validation, Json.ValidationSettings),
            Augmentation = root.TryGetProperty(Augmentation, out var augmentation)
                ? CheckpointJson.Read(augmentation.GetRawText(), new AugmentationOptions(), Json.AugmentationOptions) : defaults.Augmentation,
            NoAugmentation = Value(NoAugmentation) is { } none ? none.ValueKind is JsonValueKind.True : defaults.NoAugmentation,
            Seed = Value(Seed) is { } seed ? seed.TryGetInt64(out var number) ? number : throw new JsonException("The seed is no whole number.") : defaults.Seed,
        };
        return AsItWas(settings, name => root.TryGetProperty(name, out _));

        JsonElement? Value(string name) => !root.TryGetProperty(name, out var value) ? null
            : value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number ? value : throw new JsonException($"{name} is damaged.");
    }

    /// <summary>What earlier versions did that did not know a setting.</summary>
    private static TrainingSettings AsItWas(TrainingSettings settings, Func<string, bool> says)
    {
        if (!says(nameof(DataSettings.Normalise)))
            settings = settings with { Data = settings.Data with { Normalise = FormerNormalisation } };
        if (!says(nameof(DataSettings.FreePatches)))
            settings = settings with { Data = settings.Data with { FreePatches = 0 } };
        if (!says(nameof(OptimiserSettings.Precision)))
            settings = settings with { Optimiser = settings.Optimiser with { Precision = Precision.F32 } };

        // Trainings that say nothing of the share of the foreground learned one of full labels only.
        return says(nameof(LossSettings.ForegroundShare)) || settings.Labels.Supervision == Supervision.Full ? settings : settings with
        {
            Network = settings.Network with { NoForeground = true }, Validation = settings.Validation with { Labels = ValidationLabels.Complete },
        };
    }

    private static void Write(Utf8JsonWriter writer, (string Name, JsonElement Value) property)
    {
        writer.WritePropertyName(property.Name);
        property.Value.WriteTo(writer);
    }
}
