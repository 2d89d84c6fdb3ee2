using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The smallest 32-bit integer.</summary>
internal readonly struct SmallestInteger : IReductionOperator<int>
{
    /// <inheritdoc/>
    public int Identity => int.MaxValue;

    /// <inheritdoc/>
    public int Combine(int first, int second) => IntrinsicMath.Min(first, second);
}
