using System.Text.Json.Serialization;

namespace Spoco.Engine.Training;

/// <summary>What the labels of the validation images are.</summary>
public enum ValidationLabels
{
    /// <summary>Complete with full supervision, and where the training uses only a part of the labels that there are; else sparse.</summary>
    Auto,

    /// <summary>Every object is labelled.</summary>
    Complete,

    /// <summary>Some objects are labelled; of complete labels, the part that the training has of its own.</summary>
    Sparse,
}

/// <summary>How and when a training is validated.</summary>
public sealed record ValidationSettings
{
    /// <summary>What the labels of the validation images are.</summary>
    [JsonPropertyName("ValidationLabels")]
    public ValidationLabels Labels { get; init; }

    /// <summary>Steps between validations. Null = ten times in a training.</summary>
    [JsonPropertyName("ValidateEvery")]
    public int? Every { get; init; }
}
