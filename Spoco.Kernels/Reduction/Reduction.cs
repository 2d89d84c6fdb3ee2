namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums over all elements, in a fixed order of blocks: the same bits every time, and errors that grow with the length of a block, not of the buffer.
/// </summary>
internal static class Reduction
{
    /// <summary>The choice depends on the number of elements.</summary>
    internal static readonly Chooser<ReductionAlgorithm, long> Chooser = new(nameof(Reduction), new ReductionHost(), new ReductionSimt());

    /// <summary>y = factor sum of x.</summary>
    /// <param name="x">Values.</param>
    /// <param name="y">Result, one element; not fetched from the device.</param>
    /// <param name="factor">Multiplies the sum.</param>
    /// <exception cref="ArgumentException">y has not one element, or is on another device.</exception>
    public static void Sum(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor = 1)
    {
        new Arguments(nameof(Reduction), x.Device).Need(y, 1, "the result");
        Chooser.For(x.Device, x.Length).Sum(x, y, factor);
    }

    /// <summary>
    /// Sum of x^2, fetched from the device; its root is the norm of a gradient. On GPUs it is summed in single precision: infinite from 3.4e38 on.
    /// </summary>
    public static double SumOfSquares(DeviceBuffer<float> x) => Chooser.For(x.Device, x.Length).SumOfSquares(x);

    /// <summary>
    /// Whether any value is infinite or not a number, fetched from the device; one reading pass, on the host only up to the first one.
    /// </summary>
    /// <param name="x">Values.</param>
    /// <param name="largest">Values beyond minus and plus this count as infinite.</param>
    public static bool HasNonFinite(DeviceBuffer<float> x, float largest = float.MaxValue)
    {
        var found = x.Device.Allocate<int>(1, nameof(Reduction));
        using var memory = found.Memory;
        found.Clear();
        NoteNonFinite(x, found, largest);
        return found.ToArray()[0] != 0;
    }

    /// <summary>Sets a number on the device to 1 where <see cref="HasNonFinite"/> would be true, and else leaves it as it is; nothing is fetched.</summary>
    /// <param name="x">Values; may be none.</param>
    /// <param name="found">One element.</param>
    /// <param name="largest">Values beyond minus and plus this count as infinite.</param>
    /// <exception cref="ArgumentException">found has not one element, or is on another device.</exception>
    public static void NoteNonFinite(DeviceBuffer<float> x, DeviceBuffer<int> found, float largest = float.MaxValue)
    {
        new Arguments(nameof(Reduction), found.Device).Need(found, 1, "the finding").Need(x, x.Length, "the input");
        if (x.Length > 0)
            Chooser.For(x.Device, x.Length).NoteNonFinite(x, found, largest);
    }

    /// <summary>y = factor x everywhere, from one value x on the device: the derivative of <see cref="Sum"/>.</summary>
    /// <exception cref="ArgumentException">x has not one element, or is on another device.</exception>
    public static void Broadcast(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor = 1)
    {
        new Arguments(nameof(Reduction), y.Device).Need(x, 1, "the input");
        Chooser.For(y.Device, y.Length).Broadcast(x, y, factor);
    }
}
