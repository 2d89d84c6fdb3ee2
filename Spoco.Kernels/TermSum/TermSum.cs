namespace Spoco.Kernels.Primitives;

/// <summary>The weighted sum of the terms of a loss.</summary>
internal static class TermSum
{
    internal static readonly Chooser<TermSumAlgorithm, long> Chooser = new(nameof(TermSum), new TermSumHost(), new TermSumSimt());

    /// <summary>total = sum over terms t of weight_t sum over images n of value_tn.</summary>
    /// <param name="values">[T, N].</param>
    /// <param name="weights">[T].</param>
    /// <param name="total">[1], overwritten.</param>
    /// <exception cref="ArgumentException">The number of values is no multiple of that of the weights, or a buffer lies on another device.</exception>
    public static void Forward(DeviceBuffer<float> values, DeviceBuffer<float> weights, DeviceBuffer<float> total)
    {
        if (weights.Length == 0)
            throw new ArgumentException("TermSum: there are no terms.");
        new Arguments(nameof(TermSum), total.Device).Need(values, values.Length / weights.Length * weights.Length, "the values").Need(weights, weights.Length, "the weights")
            .Need(total, 1, "the total");
        Chooser.For(total.Device, values.Length).Forward(values, weights, total);
    }
}
