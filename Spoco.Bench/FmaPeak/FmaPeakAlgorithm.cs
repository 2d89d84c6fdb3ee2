using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>A way to keep the multiply-add units of a device busy.</summary>
internal abstract class FmaPeakAlgorithm : IAlgorithm<ValueTuple>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in ValueTuple shape);

    /// <summary>Threads that each write a sum; 0 = they keep them.</summary>
    public abstract long Threads(ComputeDevice device);

    /// <summary>Floating-point operations of one run.</summary>
    public abstract double Operations(ComputeDevice device);

    /// <summary>One run; need not wait for the device.</summary>
    public abstract void Run(ComputeDevice device, DeviceBuffer<float> sums);
}
