namespace Spoco.Kernels.Primitives;

/// <summary>Chooses how a Mutex Watershed is computed: the one place that asks what a device is.</summary>
internal static class MutexWatershedChooser
{
    /// <summary>
    /// Opens a computation: on the host, or on an ILGPU device with 64-bit atomics, or with two passes of 32-bit ones where it has no others. It is disposed by the caller.
    /// </summary>
    public static IMutexWatershed Open(MutexRun run, CancellationToken cancellation) => run.Device switch
    {
        HostDevice host => new MutexWatershedHost(host, ownsHost: false, run, cancellation),
        IlgpuDevice gpu when run.AlwaysNarrow || !gpu.Capabilities.Atomics64 => new MutexWatershedSimt<NarrowAtomics>(gpu, run, cancellation),
        IlgpuDevice gpu => new MutexWatershedSimt<WideAtomics>(gpu, run, cancellation),
        _ => new MutexWatershedHost(HostDevice.Open(), ownsHost: true, run, cancellation),
    };
}
