namespace Spoco.Kernels.Primitives;

/// <summary>y_i = f(a_i, b_i) for every element: sums, products, scaling, activations and their gradients.</summary>
internal static class Elementwise
{
    /// <summary>The choice depends on the number of elements.</summary>
    internal static readonly Chooser<ElementwiseAlgorithm, long> Chooser = new(nameof(Elementwise), new ElementwiseHost(), new ElementwiseSimt());

    /// <summary>y = f(a, b). The output may be one of the inputs.</summary>
    /// <param name="a">First values.</param>
    /// <param name="b">Second values, as many; for a function of one value pass <paramref name="a"/> again.</param>
    /// <param name="y">Results, as many.</param>
    /// <param name="function">f.</param>
    /// <exception cref="ArgumentException">The lengths or devices differ.</exception>
    public static void Apply<TOperator>(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> y, TOperator function)
        where TOperator : unmanaged, IElementwiseOperator
    {
        new Arguments(Operator<TOperator>.Name, y.Device).Need(a, y.Length, "the first input").Need(b, y.Length, "the second input");
        Chooser.For(y.Device, y.Length).Apply(a, b, y, function);
    }

    /// <summary>sum += b, in place.</summary>
    public static void AddInto(DeviceBuffer<float> sum, DeviceBuffer<float> b) => Apply(sum, b, sum, default(AddOperator));

    /// <summary>Sets every element to <paramref name="value"/>.</summary>
    public static void Fill(DeviceBuffer<float> y, float value) => Chooser.For(y.Device, y.Length).Fill(y, value);

    private static class Operator<TOperator>
    {
        public static readonly string Name = typeof(TOperator).Name;
    }
}
