using System.Linq.Expressions;
using System.Reflection;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>
/// What a device spends in each kernel while this is in place. On a GPU every launch stands between two events of the device: what lies between launches, copies and
/// waiting for the host, belongs to no kernel.
/// </summary>
internal sealed class LaunchTimes : IKernelLoader, IDisposable
{
    private readonly ComputeDevice _device;
    private KernelProfile _profile = new();
    private readonly Dictionary<object, Delegate> _launchers = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string Kernel, ProfilingMarker Before, ProfilingMarker After)> _launches = [];
    private ProfilingMarker? _before;

    /// <summary>Begins to note launches.</summary>
    public LaunchTimes(ComputeDevice device)
    {
        _device = device;
        device.Loader = this;
        device.Profile = _profile;
    }

    /// <summary>Waits for the device and returns what was noted since the last call, the slowest kernel first.</summary>
    public IReadOnlyList<(string Kernel, int Launches, TimeSpan Time)> Collect()
    {
        _device.Synchronize();
        foreach (var (kernel, before, after) in _launches)
        {
            _profile.Add(kernel, after.MeasureFrom(before));
            before.Dispose();
            after.Dispose();
        }

        _launches.Clear();
        var times = _profile.Times;
        _profile = new KernelProfile();
        _device.Profile = _profile;
        return times;
    }

    /// <inheritdoc/>
    public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        if (_launchers.TryGetValue(load, out var known))
            return (TLauncher)known;
        var launcher = load(_device.Ilgpu.Accelerator);
        var name = NameOf(launcher.GetCompiledKernel().SourceMethod);
        var parameters = typeof(TLauncher).GetMethod("Invoke")!.GetParameters().Select(p => Expression.Parameter(p.ParameterType)).ToArray();
        var timed = Expression.Lambda<TLauncher>(
            Expression.Block(
                Expression.Call(Expression.Constant(this), nameof(Before), null),
                Expression.Invoke(Expression.Constant(launcher), parameters),
                Expression.Call(Expression.Constant(this), nameof(After), null, Expression.Constant(name))),
            parameters).Compile();
        _launchers.Add(load, timed);
        return timed;
    }

    /// <summary>No more launches are noted.</summary>
    public void Dispose()
    {
        _device.Loader = null;
        _device.Profile = null;
        foreach (var (_, before, after) in _launches)
        {
            before.Dispose();
            after.Dispose();
        }

        _before?.Dispose();
    }

    /// <summary>The class that holds a kernel, and its name.</summary>
    private static string NameOf(MethodInfo kernel) => $"{kernel.DeclaringType!.Name.Split('`')[0]}.{kernel.Name}";

    private void Before() => _before = _device.Mark();

    private void After(string kernel)
    {
        _launches.Add((kernel, _before!, _device.Mark()!));
        _before = null;
    }
}
