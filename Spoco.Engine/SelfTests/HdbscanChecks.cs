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
        var cores = new float[points.Count];
        var edges = MutualReachability.SpanningTree(points, neighbours, device, default, cores);
        Array.Sort(edges);
        return Results(cores, edges);
    }

    private static CheckedArray[] Defined(Points points, int neighbours)
    {
        var (cores, edges) = HdbscanDefinition.Of(points.Values.ToArray(), points.Dimensions, neighbours);
        return Results(cores, edges);
    }

    private static CheckedArray[] Results(float[] cores, ReachabilityEdge[] edges) =>
    [
        new("squared core distances", cores), new("reachabilities", [.. edges.Select(e => e.Reachability)]), new("distances", [.. edges.Select(e => e.Distance)]),
        new("ends", [.. edges.SelectMany(e => new float[] { e.U, e.V })]),
    ];
}
