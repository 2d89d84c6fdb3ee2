using System.Text.Json;
using System.Text.Json.Serialization;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>
/// The scores as JSON: every image, their mean, in how many images a score is undefined, and all objects together. Undefined scores are <c>null</c>.
/// </summary>
internal static class ScoreFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Converters = { new UndefinedIsNull() },
    };

    public static void Write(string path, IReadOnlyList<ImageScores> scores) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, new
    {
        Thresholds = Engine.Scores.AveragePrecision.Thresholds,
        Images = scores,
        Mean = ImageScores.Mean(scores),
        Undefined = UndefinedScores.Of(scores),
        AllObjects = PooledScores.Of(scores),
    }, Options));

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
