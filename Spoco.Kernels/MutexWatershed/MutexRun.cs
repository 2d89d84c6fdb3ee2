namespace Spoco.Kernels.Primitives;

/// <summary>How one segmentation is carried out.</summary>
/// <param name="Device">Where; null = all cores of the host.</param>
internal sealed record MutexRun(ComputeDevice? Device)
{
    /// <summary>Edges at which the sequential rule takes over; null = the measured number of the device.</summary>
    public long? FinishBelow { get; init; }

    /// <summary>Takes sizes and times, where given.</summary>
    public MutexTrace? Trace { get; init; }

    /// <summary>Opens the computation.</summary>
    public IMutexWatershed Open(MutexFinish finish, CancellationToken cancellation) => Device switch
    {
        HostDevice host => new MutexWatershedHost(host, ownsHost: false, this, finish, cancellation),
        _ => new MutexWatershedHost((HostDevice)ComputeDevice.Open("cpu"), ownsHost: true, this, finish, cancellation),
    };
}
