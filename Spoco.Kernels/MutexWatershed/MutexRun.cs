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
}
