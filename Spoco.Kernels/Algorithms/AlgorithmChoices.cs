using System.Collections.Concurrent;

namespace Spoco.Kernels;

/// <summary>How the operations of a device are computed: what was asked for, and what was chosen.</summary>
public sealed class AlgorithmChoices
{
    private readonly Dictionary<string, string> _forced = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Operation, string Shape, string Algorithm), byte> _made = new();

    /// <summary>Takes what is asked for: <c>operation=algorithm</c>, with commas between several; null or empty = nothing.</summary>
    /// <exception cref="DeviceException">The text is another one, or names what there is not.</exception>
    internal AlgorithmChoices(string? forced)
    {
        foreach (var part in (forced ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=') is not [var operation, var algorithm])
                throw new DeviceException($"Algorithms: expected operation=algorithm, found '{part}'.");
            AlgorithmCatalog.Require(operation, algorithm);
            _forced[operation] = algorithm;
        }
    }

    /// <summary>Whether choices are noted from now on: it costs a little at every call.</summary>
    public bool Noting { get; set; }

    /// <summary>What was chosen while <see cref="Noting"/>: operation, geometry and algorithm, in alphabetical order, each once.</summary>
    public IReadOnlyList<(string Operation, string Shape, string Algorithm)> Made => [.. _made.Keys.Order()];

    /// <summary>The algorithm that an operation has to be computed by; null = any.</summary>
    internal string? Forced(string operation) => _forced.Count == 0 ? null : _forced.GetValueOrDefault(operation);

    internal void Note<TShape>(string operation, in TShape shape, string algorithm)
    {
        if (Noting)
            _made.TryAdd((operation, shape?.ToString() ?? "", algorithm), 0);
    }
}
