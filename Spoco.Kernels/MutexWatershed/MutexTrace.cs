using System.Diagnostics;

namespace Spoco.Kernels.Primitives;

/// <summary>What one run of the Mutex Watershed did: sizes per round and time per phase. For benchmarks and tests.</summary>
internal sealed class MutexTrace
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private double _last;

    /// <summary>Nodes and edges left after each round.</summary>
    public List<(int Nodes, int Attractive, int Repulsive, int Mutexes)> Rounds { get; } = [];

    /// <summary>Phases in order, in milliseconds; a phase of a later round counts into its first entry.</summary>
    public Dictionary<string, double> Phases { get; } = [];

    /// <summary>Ends a phase.</summary>
    public void Phase(string name)
    {
        var now = _watch.Elapsed.TotalMilliseconds;
        Phases[name] = Phases.GetValueOrDefault(name) + now - _last;
        _last = now;
    }
}
