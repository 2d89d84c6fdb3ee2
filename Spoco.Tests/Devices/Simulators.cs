using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Spoco.Kernels;

namespace Spoco.Tests.Devices;

/// <summary>Simulators of GPUs of other sizes than <c>ilgpu-cpu</c>.</summary>
internal static class Simulators
{
    /// <summary>One whose groups have so many threads.</summary>
    public static IlgpuDevice OfThreads(int count, ComputeDeviceOptions? options = null)
    {
        var context = Context.Create(builder => builder.EnableAlgorithms().CPU(new CPUDevice(Math.Min(count, 32), (count + 31) / 32, 1)));
        return new IlgpuDevice("ilgpu-cpu", DeviceKind.IlgpuCpu, context, context.GetCPUDevices()[0].CreateAccelerator(context), options ?? new ComputeDeviceOptions());
    }
}
