namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Elementwise"/>, whose comments say what the arguments are.</summary>
internal abstract class ElementwiseAlgorithm : IAlgorithm<long>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in long count);

    /// <summary>y = f(a, b).</summary>
    public abstract void Apply<TOperator>(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> y, TOperator function)
        where TOperator : unmanaged, IElementwiseOperator;

    /// <summary>y = value.</summary>
    public abstract void Fill(DeviceBuffer<float> y, float value);
}
