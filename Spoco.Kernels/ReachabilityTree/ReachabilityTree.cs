namespace Spoco.Kernels.Primitives;

/// <summary>
/// The minimum spanning tree of all points under mutual reachability, max(core(u), core(v), |u - v|) (Campello, Moulavi and Sander, PAKDD 2013), with edges ordered as
/// <see cref="ReachabilityEdge"/> says. Exact. The first edges need no rounds: a point with a neighbour within its core distance whose own core distance is no larger is joined to the nearest
/// such, for no edge of it is shorter than its core distance; only the densest point of every neighbourhood has none. From there on Boruvka's algorithm: every component takes
/// its first edge to another one (McInnes and Healy, 2017).
/// </summary>
internal static class ReachabilityTree
{
    internal static readonly Chooser<ReachabilityTreeAlgorithm, PointTreeShape> Chooser = new(nameof(ReachabilityTree), new ReachabilityTreeHost(), new ReachabilityTreeSimt());

    /// <summary>Finds the edges, n - 1 of them, in no order.</summary>
    /// <param name="tree">The points.</param>
    /// <param name="cores">[slots]: their squared core distances, by <see cref="CoreDistances"/>.</param>
    /// <param name="cancellation">Stops between leaves and rounds.</param>
    /// <exception cref="ArgumentException">The buffer has another length or lies on another device.</exception>
    public static ReachabilityEdge[] Edges(PointTreeViews tree, DeviceBuffer<float> cores, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tree);
        new Arguments(nameof(ReachabilityTree), tree.Device).Need(cores, tree.Shape.Slots, "the squared core distances");
        return Chooser.For(tree.Device, tree.Shape).Edges(tree, cores, cancellation);
    }
}
