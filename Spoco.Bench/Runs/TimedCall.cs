namespace Spoco.Bench.Runs;

/// <summary>Something that is timed, on arrays that are there.</summary>
/// <param name="What">What it does, within its case.</param>
/// <param name="Work">What it has to do at least.</param>
/// <param name="Run">Does it; need not wait for the device.</param>
internal sealed record TimedCall(string What, Work Work, Action Run)
{
    /// <summary>Whether it is a training step: its kernels are listed, and the memory that it takes.</summary>
    public bool IsStep { get; init; }
}

/// <summary>Calls that share their arrays on a device. Making them and they themselves may throw <see cref="Kernels.DeviceMemoryException"/>.</summary>
internal interface ITimedCalls : IDisposable
{
    /// <summary>The calls, in the order in which they are timed.</summary>
    IEnumerable<TimedCall> Calls { get; }
}
