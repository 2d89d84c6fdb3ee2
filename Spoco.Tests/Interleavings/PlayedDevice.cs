using System.Linq.Expressions;
using System.Reflection;
using ILGPU.Runtime;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Devices;

namespace Spoco.Tests.Interleavings;

/// <summary>ILGPU's simulator, with a player in place of its launches: for whole computations.</summary>
internal sealed class PlayedDevice : IKernelLoader, IDisposable
{
    private readonly Dictionary<object, Delegate> _launchers = new(ReferenceEqualityComparer.Instance);

    /// <summary>Opens the device.</summary>
    public PlayedDevice() : this((IlgpuDevice)ComputeDevice.Open("ilgpu-cpu"))
    {
    }

    private PlayedDevice(IlgpuDevice device)
    {
        Device = device;
        Device.Loader = this;
    }

    /// <summary>A device whose groups have up to 256 threads, and that computes convolutions as matrix units do.</summary>
    public static PlayedDevice OfLargeGroups() =>
        new(Simulators.OfThreads(MatrixTiles.Threads(64), new ComputeDeviceOptions { Algorithms = "Convolution=matrix" }));

    /// <summary>A device on which one player plays all launches.</summary>
    public static IlgpuDevice Open(int seed) =>
        new PlayedDevice { Player = new Player(seed, host: false, recordConflicts: true, stepsPerThread: 1_000_000) }.Device;

    /// <summary>The device.</summary>
    public IlgpuDevice Device { get; }

    /// <summary>What plays its launches.</summary>
    public Player Player { get; set; } = new(0, host: false);

    /// <summary>The kernel that a loader asks ILGPU for.</summary>
    public static MethodInfo KernelOf(Delegate load) =>
        (MethodInfo)IlMethod.Of(load.Method).Instructions.Single(i => (Op)(ushort)i.OpCode.Value == Op.Ldftn).Operand!;

    /// <inheritdoc/>
    public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        if (_launchers.TryGetValue(load, out var known))
            return (TLauncher)known;
        var parameters = typeof(TLauncher).GetMethod("Invoke")!.GetParameters().Select(p => Expression.Parameter(p.ParameterType)).ToArray();
        var launcher = Expression.Lambda<TLauncher>(
            Expression.Call(
                Expression.Property(Expression.Constant(this), nameof(Player)), typeof(Player).GetMethod(nameof(Player.Launch))!,
                Expression.Constant(KernelOf(load)),
                Expression.NewArrayInit(typeof(object), parameters.Select(p => Expression.Convert(p, typeof(object))))),
            parameters).Compile();
        _launchers[load] = launcher;
        return launcher;
    }

    /// <inheritdoc/>
    public void Dispose() => Device.Dispose();
}
