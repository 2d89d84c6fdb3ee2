using System.Globalization;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Spoco.Kernels;

/// <summary>A device of this machine, usable or not.</summary>
/// <param name="Name">The name to open it by.</param>
/// <param name="Description">What the hardware calls itself.</param>
/// <param name="Kind">How it is programmed.</param>
/// <param name="MemoryBytes">Memory it reports; 0 where it reports none.</param>
/// <param name="IsGpu">Whether it is a graphics processor.</param>
/// <param name="Problem">Why it cannot be used; null where it can.</param>
public sealed record DeviceInfo(string Name, string Description, DeviceKind Kind, long MemoryBytes, bool IsGpu, string? Problem);

/// <summary>Finds devices and opens them by name.</summary>
internal static class DeviceCatalog
{
    static DeviceCatalog()
    {
        // Under WSL, ILGPU sets a resolver of its own, and an assembly can have only one.
        if (!OperatingSystem.IsLinux() || Directory.Exists("/usr/lib/wsl/lib"))
            return;

        // ILGPU asks for libOpenCL.so and libcuda.so, which often only a -dev package installs; the driver's own names carry a version.
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, static (name, assembly, path) =>
            {
                var versioned = name.Contains("OpenCL", StringComparison.OrdinalIgnoreCase) ? "libOpenCL.so.1"
                    : name.StartsWith("libcuda", StringComparison.Ordinal) || name == "cuda" ? "libcuda.so.1" : null;
                return versioned is not null && NativeLibrary.TryLoad(versioned, out var library) ? library : 0;
            });
        }
        catch (InvalidOperationException)
        {
            // The host application has set a resolver for ILGPU itself; it then knows where the drivers are.
        }
    }

    public static IReadOnlyList<DeviceInfo> List()
    {
        var devices = new List<DeviceInfo>();
        AddHost(devices);
        var problems = new List<(string Name, string Problem)>();
        using var context = CreateContext(new ComputeDeviceOptions(), problems);
        AddAccelerators(devices, context, problems);
        return devices;
    }

    public static ComputeDevice Open(string name, ComputeDeviceOptions options)
    {
        var (kind, index) = Parse(name);
        var context = CreateContext(options, []);
        try
        {
            if (name == "auto")
            {
                if (context.GetCudaDevices().Count > 0)
                    return Create(context, "cuda:0", DeviceKind.Cuda, context.GetCudaDevices()[0], options);
                for (var i = 0; i < context.GetCLDevices().Count; i++)
                {
                    if (context.GetCLDevices()[i].DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU))
                        return Create(context, $"opencl:{i}", DeviceKind.OpenCL, context.GetCLDevices()[i], options);
                }

                context.Dispose();
                return new HostDevice(options);
            }

            switch (kind)
            {
                case DeviceKind.Cuda when index < context.GetCudaDevices().Count:
                    return Create(context, $"cuda:{index}", kind, context.GetCudaDevices()[index], options);
                case DeviceKind.OpenCL when index < context.GetCLDevices().Count:
                    return Create(context, $"opencl:{index}", kind, context.GetCLDevices()[index], options);
                case DeviceKind.IlgpuCpu:
                    return Create(context, "ilgpu-cpu", kind, context.GetCPUDevices()[0], options);
                default:
                    var names = List().Where(d => d.Problem is null).Select(d => d.Name);
                    throw new DeviceException($"Device: '{name}' does not exist on this machine; there are {string.Join(", ", names)} (and auto).");
            }
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private static (DeviceKind Kind, int Index) Parse(string name)
    {
        if (name is "auto" or "ilgpu-cpu")
            return (DeviceKind.IlgpuCpu, 0);
        var parts = name.Split(':');
        DeviceKind? kind = parts[0] switch { "cuda" => DeviceKind.Cuda, "opencl" => DeviceKind.OpenCL, _ => null };
        var index = 0;
        if (kind is null || parts.Length > 2
            || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new DeviceException($"Device: '{name}' is not a device name; expected cpu, cuda:N, opencl:N, ilgpu-cpu or auto.");
        return (kind.Value, index);
    }

    private static IlgpuDevice Create(Context context, string name, DeviceKind kind, Device device, ComputeDeviceOptions options)
    {
        try
        {
            return new IlgpuDevice(name, kind, context, device.CreateAccelerator(context), options);
        }
        catch (Exception e) when (e is AcceleratorException or NotSupportedException or DllNotFoundException)
        {
            throw new DeviceException($"Device: {name} ({device.Name}) cannot be opened: {OneLine(e.Message)}");
        }
    }

    /// <summary>A context that knows every usable device; what is not usable goes to <paramref name="problems"/>.</summary>
    private static Context CreateContext(ComputeDeviceOptions options, List<(string Name, string Problem)> problems) => Context.Create(builder =>
    {
        builder.EnableAlgorithms();
        if (options.Profiling)
            builder.Profiling();
        Try("CUDA", () =>
        {
            var isa = options.PtxInstructionSet ?? Environment.GetEnvironmentVariable("SPOCO_PTX_ISA");
            if (string.IsNullOrEmpty(isa))
                builder.Cuda();
            else
                builder.Cuda((CudaDeviceOverride device) => device.InstructionSet = ParseInstructionSet(isa));
        });
        Try("OpenCL", () => builder.OpenCL(device =>
        {
            string? problem = null;
            if (device.CLStdVersion < ILGPU.Backends.OpenCL.CLBackend.MinimumVersion)
                problem = $"OpenCL {device.CLStdVersion} is too old";
            else if (!device.Capabilities.GenericAddressSpace)
                problem = "no generic address space, which ILGPU needs";
            if (problem is not null)
                problems.Add((device.Name, problem));
            return problem is null;
        }));
        builder.CPU(CPUDeviceKind.Default);

        void Try(string api, Action enable)
        {
            try
            {
                enable();
            }
            catch (Exception e) when (e is AcceleratorException or NotSupportedException or DllNotFoundException or TypeInitializationException)
            {
                problems.Add((api, OneLine((e.InnerException ?? e).Message)));
            }
        }
    });

    private static CudaInstructionSet ParseInstructionSet(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 2 && int.TryParse(parts[0], out var major) && int.TryParse(parts[1], out var minor)
            ? new CudaInstructionSet(major, minor)
            : throw new DeviceException($"SPOCO_PTX_ISA: expected a version such as 7.8, found '{text}'.");
    }

    private static void AddHost(List<DeviceInfo> devices)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        devices.Add(new DeviceInfo("cpu", $"{Environment.ProcessorCount} cores, {HostDevice.InstructionSet}", DeviceKind.Host, memory, false, null));
    }

    private static void AddAccelerators(List<DeviceInfo> devices, Context context, List<(string Name, string Problem)> problems)
    {
        for (var i = 0; i < context.GetCudaDevices().Count; i++)
        {
            var device = context.GetCudaDevices()[i];
            devices.Add(new DeviceInfo($"cuda:{i}", device.Name, DeviceKind.Cuda, device.MemorySize, true, null));
        }

        for (var i = 0; i < context.GetCLDevices().Count; i++)
        {
            var device = context.GetCLDevices()[i];
            var gpu = device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU);
            devices.Add(new DeviceInfo($"opencl:{i}", device.Name, DeviceKind.OpenCL, device.MemorySize, gpu, null));
        }

        devices.Add(new DeviceInfo("ilgpu-cpu", "simulator of a GPU, for debugging", DeviceKind.IlgpuCpu, 0, false, null));
        foreach (var (name, problem) in problems)
            devices.Add(new DeviceInfo("-", name, DeviceKind.OpenCL, 0, false, problem));
        if (!devices.Any(d => d.Kind == DeviceKind.Cuda))
            devices.Add(new DeviceInfo("-", "CUDA", DeviceKind.Cuda, 0, false, "no NVIDIA driver or no GPU found"));
        if (!devices.Any(d => d.Kind == DeviceKind.OpenCL))
            devices.Add(new DeviceInfo("-", "OpenCL", DeviceKind.OpenCL, 0, false, "no OpenCL loader (libOpenCL.so.1) or no driver found"));
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
