using System.Linq.Expressions;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>
/// Launchers that do nothing, in place of a device's: what is left of a step is the host's own work, and how many launches it asks for depends on no value. Memory keeps what copies and
/// clears wrote, so that flags that a kernel would raise stay 0: nothing is found to be infinite.
/// </summary>
internal sealed class SkippedLaunches : IKernelLoader, IDisposable
{
    private readonly ComputeDevice _device;
    private readonly Dictionary<object, Delegate> _launchers = new(ReferenceEqualityComparer.Instance);

    /// <summary>Begins to skip launches.</summary>
    public SkippedLaunches(ComputeDevice device)
    {
        _device = device;
        device.Loader = this;
    }

    /// <inheritdoc/>
    public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        if (_launchers.TryGetValue(load, out var known))
            return (TLauncher)known;
        var parameters = typeof(TLauncher).GetMethod("Invoke")!.GetParameters().Select(p => Expression.Parameter(p.ParameterType)).ToArray();
        var launcher = Expression.Lambda<TLauncher>(Expression.Empty(), parameters).Compile();
        _launchers.Add(load, launcher);
        return launcher;
    }

    /// <summary>Launches are made again.</summary>
    public void Dispose() => _device.Loader = null;
}
