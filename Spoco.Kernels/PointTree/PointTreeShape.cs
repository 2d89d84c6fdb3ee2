namespace Spoco.Kernels.Primitives;

/// <summary>The geometry of a <see cref="PointTree"/>; kernels take it as it is.</summary>
/// <param name="Count">Points, n.</param>
/// <param name="Dimensions">Components, d.</param>
/// <param name="Leaves">Leaves.</param>
/// <param name="BoxStride">Components of a side of a box.</param>
internal readonly record struct PointTreeShape(int Count, int Dimensions, int Leaves, int BoxStride)
{
    /// <summary>Places of points.</summary>
    public int Slots => Leaves * PointTree.LeafPoints;

    /// <summary>Nodes, leaves included.</summary>
    public int Nodes => 2 * Leaves - 1;
}
