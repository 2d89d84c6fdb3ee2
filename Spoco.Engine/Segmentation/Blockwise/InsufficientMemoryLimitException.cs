namespace Spoco.Engine.Segmentation;

/// <summary>A computation that is to keep to a limit of memory cannot.</summary>
/// <param name="message">What does not fit into the limit, and what would help.</param>
/// <param name="neededBytes">The limit that it can keep to.</param>
public sealed class InsufficientMemoryLimitException(string message, long neededBytes) : ArgumentException(message)
{
    /// <summary>The limit that the computation can keep to, in bytes.</summary>
    public long NeededBytes { get; } = neededBytes;
}
