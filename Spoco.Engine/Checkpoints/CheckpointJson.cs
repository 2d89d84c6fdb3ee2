using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Spoco.Engine.Data;
using Spoco.Engine.Training;

namespace Spoco.Engine.Checkpoints;

/// <summary>The records of a checkpoint's metadata as JSON. What reads and writes them is made when this is compiled: trimmed programs have no other.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(SpocoModelOptions))]
[JsonSerializable(typeof(TrainingState))]
[JsonSerializable(typeof(ValidationResult))]
[JsonSerializable(typeof(SortedDictionary<string, string>))]
[JsonSerializable(typeof(LabelSettings))]
[JsonSerializable(typeof(DataSettings))]
[JsonSerializable(typeof(NetworkSettings))]
[JsonSerializable(typeof(LossSettings))]
[JsonSerializable(typeof(OptimiserSettings))]
[JsonSerializable(typeof(CriticSettings))]
[JsonSerializable(typeof(ValidationSettings))]
[JsonSerializable(typeof(AugmentationOptions))]
internal sealed partial class CheckpointJson : JsonSerializerContext
{
    /// <summary>
    /// Reads a record of which a file may name only some properties: the others are those of <paramref name="defaults"/>. The generated reader would make them 0.
    /// </summary>
    /// <exception cref="JsonException">The text is no such object.</exception>
    public static T Read<T>(string json, T defaults, JsonTypeInfo<T> type)
    {
        try
        {
            if (JsonNode.Parse(json) is not JsonObject stored || JsonSerializer.SerializeToNode(defaults, type) is not JsonObject all)
                throw new JsonException("A JSON object is expected.");
            Lay(stored, all);
            return all.Deserialize(type) ?? throw new JsonException("The JSON object is empty.");
        }
        catch (ArgumentException e)
        {
            throw new JsonException("A property is there twice.", e);
        }
    }

    /// <summary>Lays the values of an object over those of another; what the other has not is left out.</summary>
    private static void Lay(JsonObject stored, JsonObject over)
    {
        foreach (var (name, value) in stored)
        {
            if (!over.TryGetPropertyValue(name, out var former))
                continue;
            if (value is JsonObject inner && former is JsonObject outer)
                Lay(inner, outer);
            else
                over[name] = value?.DeepClone();
        }
    }
}
