namespace Spoco.Kernels.Primitives;

/// <summary>
/// Maximum over windows. The place of a maximum is its number in the window, (kd WindowH + kh) WindowW + kw, in one byte. Of equal values the first
/// counts; a NaN is a maximum, and of several the last counts, as in PyTorch.
/// </summary>
internal static class MaxPool
{
    internal static readonly Chooser<MaxPoolAlgorithm, PoolingShape> Chooser = new(nameof(MaxPool), new MaxPoolHost(), new MaxPoolSimt());

    /// <summary>y = max over the window.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Result.</param>
    /// <param name="places">Result, as many as y: where in the window the maximum is; default = not needed.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(PoolingShape shape, ValueBuffer x, ValueBuffer y, DeviceBuffer<byte> places)
    {
        new Arguments(nameof(MaxPool), y.Device).Need(x, shape.Input.Count, "the input").Need(y, shape.Output.Count, "the output")
            .Allow(places, shape.Output.Count, "places");
        Chooser.For(y.Device, shape).Forward(shape, x, y, places);
    }

    /// <summary>dx = dy at the places of the maxima, 0 elsewhere; or dx += that.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="places">What <see cref="Forward"/> gave.</param>
    /// <param name="dx">Result.</param>
    /// <param name="add">Whether to add to what is in <paramref name="dx"/>.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(PoolingShape shape, ValueBuffer dy, DeviceBuffer<byte> places, ValueBuffer dx, bool add = false)
    {
        new Arguments(nameof(MaxPool), dx.Device).Need(dy, shape.Output.Count, "the output gradient").Need(places, shape.Output.Count, "places")
            .Need(dx, shape.Input.Count, "the input gradient");
        Chooser.For(dx.Device, shape).Backward(shape, dy, places, dx, add);
    }

    /// <summary>y = x at the places of the maxima of another input: the derivative of <see cref="Backward"/> with respect to dy.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">Values in the input's shape.</param>
    /// <param name="places">What <see cref="Forward"/> gave.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Gather(PoolingShape shape, ValueBuffer x, DeviceBuffer<byte> places, ValueBuffer y)
    {
        new Arguments(nameof(MaxPool), y.Device).Need(x, shape.Input.Count, "the input").Need(places, shape.Output.Count, "places")
            .Need(y, shape.Output.Count, "the output");
        Chooser.For(y.Device, shape).Gather(shape, x, places, y);
    }
}
