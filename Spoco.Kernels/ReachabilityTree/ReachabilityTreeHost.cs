namespace Spoco.Kernels.Primitives;

/// <summary>The spanning tree on the host: denser neighbours first, then rounds in which the points of a leaf search together.</summary>
internal sealed unsafe class ReachabilityTreeHost : ReachabilityTreeAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PointTreeShape tree) => device.OnHost;

    /// <inheritdoc/>
    public override ReachabilityEdge[] Edges(PointTreeViews tree, DeviceBuffer<float> cores, CancellationToken cancellation)
    {
        var host = cores.Device.Host;
        using var scratch = new HostScratch(host, nameof(ReachabilityTree));
        var forest = new ReachabilityForest(tree.Host, cores.HostAddress, scratch);
        new DenserNeighboursHost(forest, scratch).Find(host.Workers, cancellation);
        forest.JoinDenser();
        if (forest.Components > 1)
        {
            var nearest = new NearestComponentHost(forest, scratch);
            while (forest.Components > 1)
            {
                forest.NameNodes();
                nearest.Find(host.Workers, cancellation);
                forest.JoinNearest();
            }
        }

        return forest.Edges;
    }
}
