using System.Reflection;
using ILGPU.Runtime;
using Spoco.Kernels;
using Spoco.Tests.Interleavings;
using Spoco.Tests.Kernels;

namespace Spoco.Tests.Cuda;

/// <summary>Loads kernels as a device does, notes which, and tells the driver by which names to count.</summary>
internal sealed class RecordedLoader : IKernelLoader
{
    private readonly Dictionary<object, Delegate> _launchers = new(ReferenceEqualityComparer.Instance);
    private readonly IlgpuDevice _device;
    private readonly HashSet<MethodInfo> _kernels;

    private RecordedLoader(IlgpuDevice device, HashSet<MethodInfo> kernels) => (_device, _kernels) = (device, kernels);

    /// <summary>Opens the interpreted device; what it loads is added to the kernels.</summary>
    public static IlgpuDevice Open(HashSet<MethodInfo> kernels, ComputeDeviceOptions options)
    {
        var device = (IlgpuDevice)ComputeDevice.Open("cuda:0", options);
        device.Loader = new RecordedLoader(device, kernels);
        return device;
    }

    /// <inheritdoc/>
    public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        if (_launchers.TryGetValue(load, out var known))
            return (TLauncher)known;
        var kernel = PlayedDevice.KernelOf(load);
        _kernels.Add(kernel);
        CudaDriver.Loading = KernelInstances.NameOf(kernel);
        var launcher = load(_device.Accelerator);
        CudaDriver.Loading = null;
        _launchers.Add(load, launcher);
        return launcher;
    }
}
