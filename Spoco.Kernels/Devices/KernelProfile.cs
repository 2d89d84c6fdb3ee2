using System.Diagnostics;

namespace Spoco.Kernels;

/// <summary>Wall time that the host device spends in each kernel, by the name of the class that holds it; waiting for the last worker included.</summary>
public sealed class KernelProfile
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, TimeSpan> _times = [];

    /// <summary>The kernels run so far, the slowest first.</summary>
    public IReadOnlyList<(string Kernel, TimeSpan Time)> Times
    {
        get
        {
            lock (_lock)
                return [.. _times.Select(t => (t.Key, t.Value)).OrderByDescending(t => t.Value)];
        }
    }

    internal void Add(Type body, long start)
    {
        var time = Stopwatch.GetElapsedTime(start);
        var holder = (body.DeclaringType ?? body).Name.Split('`')[0];
        var name = body.IsNested ? $"{holder}.{body.Name.Split('`')[0]}" : holder;
        lock (_lock)
            _times[name] = _times.GetValueOrDefault(name) + time;
    }
}
