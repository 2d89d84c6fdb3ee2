using Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// The spanning tree of HDBSCAN by definition, O(n^2): all distances, sorted, and Prim's algorithm over edges as <see cref="ReachabilityEdge"/> orders them. Squares are rounded as
/// <see cref="PointDistance"/> rounds them.
/// </summary>
internal static class HdbscanDefinition
{
    /// <summary>The squared core distance of every point, and the edges in their order.</summary>
    /// <param name="values">The points, [n, d].</param>
    /// <param name="dimensions">d.</param>
    /// <param name="neighbours">Neighbours within the core distance, the point itself not counted; where there are fewer, all.</param>
    public static (float[] Cores, ReachabilityEdge[] Edges) Of(float[] values, int dimensions, int neighbours)
    {
        var n = values.Length / dimensions;
        var cores = new float[n];
        var row = new float[n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
                row[j] = Square(i, j);
            Array.Sort(row);
            cores[i] = row[Math.Min(neighbours, n - 1)];
        }

        var edges = new ReachabilityEdge[n - 1];
        var nearest = new ReachabilityEdge?[n];
        var added = new bool[n];
        for (int k = 0, current = 0; k < n - 1; k++)
        {
            added[current] = true;
            var next = -1;
            for (var j = 0; j < n; j++)
            {
                if (added[j])
                    continue;
                var square = Square(current, j);
                var edge = ReachabilityEdge.Between(Math.Max(square, Math.Max(cores[current], cores[j])), square, current, j);
                if (nearest[j] is not { } known || edge.CompareTo(known) < 0)
                    nearest[j] = edge;
                if (next < 0 || nearest[j]!.Value.CompareTo(nearest[next]!.Value) < 0)
                    next = j;
            }

            edges[k] = nearest[next]!.Value;
            current = next;
        }

        Array.Sort(edges);
        return (cores, edges);

        float Square(int i, int j)
        {
            var sum = 0f;
            for (var c = 0; c < dimensions; c++)
            {
                var difference = values[i * dimensions + c] - values[j * dimensions + c];
                sum = MathF.FusedMultiplyAdd(difference, difference, sum);
            }

            return sum;
        }
    }
}
