using Spoco.Engine.Clustering;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// HDBSCAN against its definition. Components are multiples of 1/8, so that squared distances are exact whatever rounds them, and many are equal: the same core distances and the
/// very same edges of the spanning tree.
/// </summary>
internal static class HdbscanChecks
{
    public static IEnumerable<SelfCheck> All() =>
    [
        Tree(90, 3, 4), Tree(150, 5, 7), Tree(1, 2, 1), Tree(70, 1, 69), Tree(2500, 16, 20) with { IsLarge = true }, Tree(3000, 2, 200) with { IsLarge = true },
    ];

    private static SelfCheck Tree(int count, int dimensions, int neighbours) => new(
        nameof(Hdbscan), $"{count} points with {dimensions} components, {neighbours} neighbours", 0, device => OnDevice(Cells(count, dimensions), neighbours, device))
    {
        Definition = () => Defined(Cells(count, dimensions), neighbours),
    };

    /// <summary>Points around a few centres, and some between them; every seventh point is there twice.</summary>
    private static Points Cells(int count, int dimensions)
    {
        var values = new float[count * dimensions];
        for (var i = 0; i < count; i++)
        {
            var random = RandomSource.ForIndex(3, i / 7 * 7 + Math.Min(i % 7, 5), dimensions);
            var centre = random.NextInt(5);
            for (var c = 0; c < dimensions; c++)
                values[i * dimensions + c] = (centre == 0 ? random.NextInt(60) : 16 * (centre + c % centre) + random.NextInt(6)) / 8f;
        }

        return new Points(values, dimensions);
    }

    private static CheckedArray[] OnDevice(Points points, int neighbours, ComputeDevice device)
    {
        using var host = device.Capabilities.OnHost ? null : HostDevice.Open();
        using var tree = new PointTree(host ?? device.Host, points.Values.Span, points.Count, points.Dimensions);
        using var views = new PointTreeViews(tree, device);
        var cores = device.Allocate<float>(tree.Slots, nameof(HdbscanChecks));
        using var memory = cores.Memory;
        CoreDistances.Compute(views, Math.Min(neighbours, points.Count - 1) + 1, cores, default);
        return Results(ByNumber(tree, cores.ToArray()), ReachabilityTree.Edges(views, cores, default));
    }

    private static unsafe float[] ByNumber(PointTree tree, float[] slots)
    {
        var values = new float[tree.Count];
        for (var slot = 0; slot < slots.Length; slot++)
        {
            if (tree.Numbers[slot] >= 0)
                values[tree.Numbers[slot]] = slots[slot];
        }

        return values;
    }

    private static CheckedArray[] Results(float[] cores, ReachabilityEdge[] edges)
    {
        Array.Sort(edges);
        return
        [
            new("squared core distances", cores), new("reachabilities", [.. edges.Select(e => e.Reachability)]), new("distances", [.. edges.Select(e => e.Distance)]),
            new("ends", [.. edges.SelectMany(e => new float[] { e.U, e.V })]),
        ];
    }

    /// <summary>All distances, sorted; and Prim's algorithm.</summary>
    private static CheckedArray[] Defined(Points points, int neighbours)
    {
        var n = points.Count;
        var values = points.Values.ToArray();
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
        var nearest = new ReachabilityEdge[n];
        Array.Fill(nearest, new ReachabilityEdge(float.MaxValue, float.MaxValue, 0, 0));
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
                if (edge.CompareTo(nearest[j]) < 0)
                    nearest[j] = edge;
                if (next < 0 || nearest[j].CompareTo(nearest[next]) < 0)
                    next = j;
            }

            edges[k] = nearest[next];
            current = next;
        }

        return Results(cores, edges);

        float Square(int i, int j)
        {
            var sum = 0.0;
            for (var c = 0; c < points.Dimensions; c++)
                sum += Math.Pow((double)values[i * points.Dimensions + c] - values[j * points.Dimensions + c], 2);
            return (float)sum;
        }
    }
}
