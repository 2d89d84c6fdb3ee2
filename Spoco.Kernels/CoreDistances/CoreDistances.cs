namespace Spoco.Kernels.Primitives;

/// <summary>
/// The core distance of every point of a <see cref="PointTree"/>: the distance to its k-th nearest neighbour (Campello, Moulavi and Sander, PAKDD 2013), squared. Exact, up to the
/// rounding of <see cref="PointDistance"/>.
/// </summary>
internal static class CoreDistances
{
    internal static readonly Chooser<CoreDistancesAlgorithm, PointTreeShape> Chooser = new(nameof(CoreDistances), new CoreDistancesHost(), new CoreDistancesSimt());

    /// <summary>Computes them.</summary>
    /// <param name="tree">The points.</param>
    /// <param name="neighbours">k: 1 to n; a point is its own first neighbour.</param>
    /// <param name="squares">[slots]; infinite in slots without a point.</param>
    /// <param name="cancellation">Stops between leaves.</param>
    /// <exception cref="ArgumentException">k is out of range, or the buffer has another length or lies on another device.</exception>
    public static void Compute(PointTreeViews tree, int neighbours, DeviceBuffer<float> squares, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tree);
        if (neighbours < 1 || neighbours > tree.Shape.Count)
            throw new ArgumentException($"CoreDistances: k must be within 1 and {tree.Shape.Count}, got {neighbours}.");
        new Arguments(nameof(CoreDistances), tree.Device).Need(squares, tree.Shape.Slots, "the squared core distances");
        Chooser.For(tree.Device, tree.Shape).Compute(tree, neighbours, squares, cancellation);
    }
}
