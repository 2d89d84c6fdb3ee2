using ILGPU.Runtime.OpenCL;

namespace Spoco.Kernels.Primitives;

/// <summary>How one segmentation is carried out.</summary>
/// <param name="Device">Where; null = all cores of the host.</param>
internal sealed record MutexRun(ComputeDevice? Device)
{
    /// <summary>Edges at which the sequential rule takes over; null = the measured number of the device.</summary>
    public long? FinishBelow { get; init; }

    /// <summary>Takes sizes and times, where given.</summary>
    public MutexTrace? Trace { get; init; }

    /// <summary>Two passes of 32-bit atomics where the device has 64-bit ones, too: for tests.</summary>
    public bool AlwaysNarrow { get; init; }

    /// <summary>Opens the computation.</summary>
    public IMutexWatershed Open(MutexFinish finish, CancellationToken cancellation) => Device switch
    {
        HostDevice host => new MutexWatershedHost(host, ownsHost: false, this, finish, cancellation),
        IlgpuDevice gpu when AlwaysNarrow || !HasWideAtomics(gpu) => new MutexWatershedSimt<NarrowAtomics>(gpu, 2, this, finish, cancellation),
        IlgpuDevice gpu => new MutexWatershedSimt<WideAtomics>(gpu, 1, this, finish, cancellation),
        _ => new MutexWatershedHost((HostDevice)ComputeDevice.Open("cpu"), ownsHost: true, this, finish, cancellation),
    };

    internal static bool HasWideAtomics(IlgpuDevice gpu) => gpu.Accelerator is not CLAccelerator accelerator || accelerator.Capabilities.Int64_Atomics;
}
