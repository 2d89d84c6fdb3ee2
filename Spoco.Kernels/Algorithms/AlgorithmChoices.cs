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
            Set(operation, algorithm);
        }
    }

    /// <summary>Whether choices are noted from now on: it costs a little at every call.</summary>
    public bool Noting { get; set; }

    /// <summary>What was chosen while <see cref="Noting"/>: operation, geometry and algorithm, in alphabetical order, each once.</summary>
    public IReadOnlyList<(string Operation, string Shape, string Algorithm)> Made => [.. _made.Keys.Order()];

    /// <summary>The algorithm that an operation has to be computed by; null = any.</summary>
    internal string? Forced(string operation) => _forced.Count == 0 ? null : _forced.GetValueOrDefault(operation);

    /// <summary>Forces an operation to be computed by an algorithm, or by any (null), until the result is disposed: for tests, which run each in turn.</summary>
    /// <exception cref="DeviceException">There is no such operation, or no such algorithm.</exception>
    internal IDisposable Force(string operation, string? algorithm)
    {
        var before = Forced(operation);
        Set(operation, algorithm);
        return new Restoration(() => Set(operation, before));
    }

    private void Set(string operation, string? algorithm)
    {
        if (algorithm is null)
        {
            _forced.Remove(operation);
            return;
        }

        AlgorithmCatalog.Require(operation, algorithm);
        _forced[operation] = algorithm;
    }

    internal void Note<TShape>(string operation, in TShape shape, string algorithm)
    {
        if (Noting)
            _made.TryAdd((operation, shape?.ToString() ?? "", algorithm), 0);
    }

    private sealed class Restoration(Action restore) : IDisposable
    {
        public void Dispose() => restore();
    }
}
