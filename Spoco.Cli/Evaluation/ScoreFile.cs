using System.Text.Json;
using System.Text.Json.Serialization;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>
/// The scores as JSON: every image, their mean, in how many images a score is undefined, and all objects together. Undefined scores are <c>null</c>.
/// </summary>
internal static partial class ScoreFile
{
    public static void Write(string path, IReadOnlyList<ImageScores> scores) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(
        stream, new Contents(AveragePrecision.Thresholds, scores, ImageScores.Mean(scores), UndefinedScores.Of(scores), PooledScores.Of(scores)), ScoreJson.Default.Contents));

    private sealed record Contents(
        IReadOnlyList<double> Thresholds, IReadOnlyList<ImageScores> Images, ImageScores Mean, UndefinedScores Undefined, PooledScores AllObjects);

    [JsonSourceGenerationOptions(
        WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UndefinedIsNull)], GenerationMode = JsonSourceGenerationMode.Metadata)]
    [JsonSerializable(typeof(Contents))]
    private sealed partial class ScoreJson : JsonSerializerContext;

    private sealed class UndefinedIsNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
