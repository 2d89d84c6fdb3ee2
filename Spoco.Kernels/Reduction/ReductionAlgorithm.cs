namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Reduction"/>, whose comments say what the arguments are.</summary>
internal abstract class ReductionAlgorithm : IAlgorithm<long>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in long count);

    /// <summary>y = factor sum of x.</summary>
    public abstract void Sum(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor);

    /// <summary>Sum of x^2.</summary>
    public abstract double SumOfSquares(DeviceBuffer<float> x);

    /// <summary>Sets <paramref name="found"/> to 1 where a value is beyond the largest, or not a number.</summary>
    public abstract void NoteNonFinite(DeviceBuffer<float> x, DeviceBuffer<int> found, float largest);

    /// <summary>y = factor x everywhere.</summary>
    public abstract void Broadcast(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor);
}
