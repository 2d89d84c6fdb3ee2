using System.Linq.Expressions;
using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;
using Spoco.Tests.Interleavings;

namespace Spoco.Tests.SelfTests;

/// <summary>A device that remembers which kernels it was asked for, and of one of them falsifies what it leaves in memory.</summary>
internal sealed class TamperedKernels : IKernelLoader, IDisposable
{
    private readonly Dictionary<object, Delegate> _launchers = new(ReferenceEqualityComparer.Instance);

    /// <summary>Takes a device.</summary>
    public TamperedKernels(ComputeDevice device)
    {
        Device = (IlgpuDevice)device;
        Device.Loader = this;
    }

    /// <summary>The device.</summary>
    public IlgpuDevice Device { get; }

    /// <summary>The kernels that were launched since somebody cleared this.</summary>
    public HashSet<MethodInfo> Launched { get; } = [];

    /// <summary>The name of the kernel behind whose launches one value of every array of floats, of 64, 32 or 16 bits, is changed; null = none.</summary>
    public string? Target { get; set; }

    /// <inheritdoc/>
    public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        if (_launchers.TryGetValue(load, out var known))
            return (TLauncher)known;
        var kernel = PlayedDevice.KernelOf(load);
        var parameters = typeof(TLauncher).GetMethod("Invoke")!.GetParameters().Select(p => Expression.Parameter(p.ParameterType)).ToArray();
        var launcher = Expression.Lambda<TLauncher>(
            Expression.Block(
                Expression.Invoke(Expression.Constant(load(Device.Accelerator)), parameters),
                Expression.Call(
                    Expression.Constant(this), typeof(TamperedKernels).GetMethod(nameof(AfterLaunch), BindingFlags.Instance | BindingFlags.NonPublic)!,
                    Expression.Constant(kernel), Expression.NewArrayInit(typeof(object), parameters.Select(p => Expression.Convert(p, typeof(object)))))),
            parameters).Compile();
        _launchers[load] = launcher;
        return launcher;
    }

    /// <summary>Whether a kernel writes to arrays of floats that it is handed.</summary>
    public static bool CanTamper(MethodInfo kernel) =>
        kernel.GetParameters().Any(p =>
            p.ParameterType == typeof(ArrayView<double>) || p.ParameterType == typeof(ArrayView<float>) || p.ParameterType == typeof(ArrayView<ushort>));

    public void Dispose() => Device.Dispose();

    private void AfterLaunch(MethodInfo kernel, object[] arguments)
    {
        Launched.Add(kernel);
        if (Player.NameOf(kernel) != Target)
            return;
        Change<double>(arguments, v => v + 1 + Math.Abs(v));
        Change<float>(arguments, v => v + 1 + Math.Abs(v));
        // The upper bit of the exponent.
        Change<ushort>(arguments, v => (ushort)(v ^ 0x4000));
    }

    private static void Change<T>(object[] arguments, Func<T, T> change) where T : unmanaged
    {
        foreach (var view in arguments.OfType<ArrayView<T>>().Where(v => v.Length > 0))
        {
            var place = view.SubView(view.Length / 2, 1);
            T value = default;
            place.CopyToCPU(ref value, 1);
            value = change(value);
            place.CopyFromCPU(ref value, 1);
        }
    }
}
