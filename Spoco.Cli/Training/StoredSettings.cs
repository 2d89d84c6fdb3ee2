using System.Text.Json;
using System.Text.Json.Serialization;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>
/// The settings of a training in its checkpoints: one JSON object in which those of the engine follow where the images come from.
/// </summary>
internal static partial class StoredSettings
{
    /// <summary>The settings of the training in a folder.</summary>
    /// <exception cref="InputException">There is no training to resume.</exception>
    public static TrainSettings OfFolder(string folder)
    {
        var path = Path.Combine(folder, "last.safetensors");
        if (!File.Exists(path))
            throw new InputException($"{folder}: holds no training to resume (no last.safetensors).");
        return Of(path) ?? throw new InputException($"{path}: was not written by spoco train; it cannot be resumed.");
    }

    /// <summary>The settings that a checkpoint was trained with; null where it does not say.</summary>
    /// <exception cref="InputException">The checkpoint is damaged.</exception>
    public static TrainSettings? Of(string path) => SpocoTraining.SettingsOf(path, json => new TrainSettings(TrainingSettings.FromJson(json))
    {
        Source = JsonSerializer.Deserialize(json, SourceJson.Default.SourceSettings) ?? throw new InputException($"{path}: the settings of the training are empty."),
    });

    /// <summary>The settings as a checkpoint keeps them.</summary>
    public static string ToJson(TrainSettings settings)
    {
        var (source, training) = (JsonSerializer.Serialize(settings.Source, SourceJson.Default.SourceSettings), settings.ToJson());
        return $"{source[..^1]},{training[1..]}";
    }

    [JsonSerializable(typeof(SourceSettings))]
    private sealed partial class SourceJson : JsonSerializerContext;
}
