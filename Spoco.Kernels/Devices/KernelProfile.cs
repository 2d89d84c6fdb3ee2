using System.Diagnostics;

namespace Spoco.Kernels;

/// <summary>
/// Time that a device spends in each kernel, and how often: of the host by the name of the class that holds it, wall time, waiting for the last worker included.
/// </summary>
internal sealed class KernelProfile
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Launches, TimeSpan Time)> _kernels = [];

    /// <summary>The kernels run so far, the slowest first.</summary>
    public IReadOnlyList<(string Kernel, int Launches, TimeSpan Time)> Times
    {
        get
        {
            lock (_lock)
                return [.. _kernels.Select(k => (k.Key, k.Value.Launches, k.Value.Time)).OrderByDescending(k => k.Time)];
        }
    }

    /// <summary>Notes a launch.</summary>
    public void Add(string kernel, TimeSpan time)
    {
        lock (_lock)
        {
            var (launches, sum) = _kernels.GetValueOrDefault(kernel);
            _kernels[kernel] = (launches + 1, sum + time);
        }
    }

    internal void Add(Type body, long start)
    {
        var time = Stopwatch.GetElapsedTime(start);
        // What cuts the work into parts is not what works.
        if (body.IsGenericType && typeof(IPartBody).IsAssignableFrom(body.GenericTypeArguments[^1]))
            body = body.GenericTypeArguments[^1];
        var holder = (body.DeclaringType ?? body).Name.Split('`')[0];
        Add(body.IsNested ? $"{holder}.{body.Name.Split('`')[0]}" : holder, time);
    }
}
