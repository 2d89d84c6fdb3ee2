using Spoco.Bench.Runs;
using Spoco.Engine.Clustering;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Points in host memory, and their clusterings.</summary>
internal sealed class ClusteringCalls(ComputeDevice device, ClusteringInputs inputs) : ITimedCalls
{
    private readonly Points _points = inputs.Draw();

    public IEnumerable<TimedCall> Calls => [new("HDBSCAN", default, Hdbscan), new("mean-shift", default, MeanShift)];

    public void Dispose()
    {
    }

    private void Hdbscan() => Engine.Clustering.Hdbscan.Cluster(_points, new HdbscanOptions { MinClusterSize = inputs.MinClusterSize }, device);

    private void MeanShift() => Engine.Clustering.MeanShift.Cluster(_points, null, device);
}
