using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Clustering;

/// <summary>
/// The hierarchy of single linkage: merges by ascending distance, along the edges of a minimum spanning tree. Nodes 0 to n - 1 are the points, node n + i is what merge i has made;
/// the last one holds all. Sequential: a few nanoseconds per merge, where the tree took microseconds per point.
/// </summary>
internal sealed class SingleLinkage
{
    private SingleLinkage(int points)
    {
        Points = points;
        First = new int[points - 1];
        Second = new int[points - 1];
        Distance = new double[points - 1];
        Size = new int[2 * points - 1];
        Array.Fill(Size, 1, 0, points);
    }

    /// <summary>Points, n.</summary>
    public int Points { get; }

    /// <summary>One of the two nodes of each merge.</summary>
    public int[] First { get; }

    /// <summary>The other one.</summary>
    public int[] Second { get; }

    /// <summary>The distance at which each merge happens.</summary>
    public double[] Distance { get; }

    /// <summary>[2 n - 1]: points of every node.</summary>
    public int[] Size { get; }

    /// <summary>
    /// Merges along a spanning tree in the order of its edges: distances first, then, among merges at one distance, as <see cref="ReachabilityEdge"/> says. That order decides to which
    /// of two clusters a point belongs that reaches both at the distance at which they part; hdbscan leaves it to its sort.
    /// </summary>
    /// <param name="points">Points, at least 1.</param>
    /// <param name="edges">n - 1 edges; sorted in place.</param>
    public static SingleLinkage Of(int points, ReachabilityEdge[] edges)
    {
        var keys = new ulong[edges.Length];
        for (var i = 0; i < edges.Length; i++)
            keys[i] = edges[i].Key;
        Array.Sort(keys, edges);
        for (int from = 0, until; from < edges.Length; from = until)
        {
            for (until = from + 1; until < edges.Length && keys[until] == keys[from]; until++)
            {
            }

            if (until > from + 1)
                Array.Sort(edges, from, until - from);
        }

        return InOrder(points, edges.Select(e => (e.U, e.V, Math.Sqrt(e.Reachability))));
    }

    /// <summary>Merges in the given order.</summary>
    public static SingleLinkage InOrder(int points, IEnumerable<(int U, int V, double Distance)> merges)
    {
        var linkage = new SingleLinkage(points);
        var parents = new int[2 * points - 1];
        for (var i = 0; i < parents.Length; i++)
            parents[i] = i;
        var made = 0;
        foreach (var (u, v, distance) in merges)
        {
            var (one, other) = (Root(parents, u), Root(parents, v));
            linkage.First[made] = one;
            linkage.Second[made] = other;
            linkage.Distance[made] = distance;
            linkage.Size[points + made] = linkage.Size[one] + linkage.Size[other];
            parents[one] = parents[other] = points + made++;
        }

        return linkage;
    }

    private static int Root(int[] parents, int node)
    {
        while (parents[node] != node)
        {
            parents[node] = parents[parents[node]];
            node = parents[node];
        }

        return node;
    }
}
