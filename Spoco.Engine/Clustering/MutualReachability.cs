using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Clustering;

/// <summary>Mutual reachability of points: max(core(u), core(v), |u - v|), where core is the distance to the k-th neighbour.</summary>
internal static class MutualReachability
{
    /// <summary>The edges of the minimum spanning tree, in no order.</summary>
    /// <param name="points">The points, at least 1.</param>
    /// <param name="neighbours">k, the point itself not counted; where there are fewer, all.</param>
    /// <param name="device">Where distances are computed; null = all cores of the host.</param>
    /// <param name="cancellation">Stops within a step.</param>
    /// <param name="squares">[n], receives the squared core distances; null = not asked for.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static unsafe ReachabilityEdge[] SpanningTree(
        Points points, int neighbours, ComputeDevice? device, CancellationToken cancellation, float[]? squares = null)
    {
        using var host = device is { Capabilities.OnHost: true } ? null : HostDevice.Open();
        using var tree = new PointTree(host ?? device!.Host, points.Values.Span, points.Count, points.Dimensions);
        using var views = new PointTreeViews(tree, device ?? host!);
        var cores = views.Device.Allocate<float>(tree.Slots, nameof(Hdbscan));
        using var memory = cores.Memory;
        CoreDistances.Compute(views, Math.Min(neighbours, points.Count - 1) + 1, cores, cancellation);
        var slots = squares is null ? [] : cores.ToArray();
        for (var slot = 0; slot < slots.Length; slot++)
        {
            if (tree.Numbers[slot] >= 0)
                squares![tree.Numbers[slot]] = slots[slot];
        }

        return ReachabilityTree.Edges(views, cores, cancellation);
    }
}
