namespace Spoco.Kernels.Primitives;

/// <summary>Mean-shift on the host, on all workers: also for devices without double precision, whose host does it.</summary>
internal sealed unsafe class MeanShiftHost : MeanShiftAlgorithm
{
    /// <summary>Seeds that a worker walks with at a time.</summary>
    private const int Seeds = 1024;

    /// <summary>Leaves whose points a worker labels at a time.</summary>
    private const int Leaves = 16;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in MeanShiftProblem problem) => device.OnHost;

    /// <inheritdoc/>
    public override IMeanShiftPasses Open(ComputeDevice device, HostScratch scratch, in MeanShiftProblem problem, PointTree tree) =>
        new Passes(device.Host, scratch, problem, tree);

    private sealed class Passes(HostDevice host, HostScratch scratch, MeanShiftProblem problem, PointTree tree) : IMeanShiftPasses
    {
        public MeanShiftEnds Walk(float[] seeds, int[] order, CancellationToken cancellation)
        {
            var sums = new PointSums(scratch, tree);
            var ends = new MeanShiftEnds[scratch.Workers];
            var walks = new SeedWalk[scratch.Workers];
            for (var w = 0; w < walks.Length; w++)
                (ends[w], walks[w]) = (new MeanShiftEnds(problem.Dimensions), new SeedWalk(problem, new BallMeansHost(scratch, tree, sums, problem.Bandwidth), Seeds));
            host.Workers.RunPieces(order.Length, new WalkBody(walks, ends, seeds, order, cancellation), Seeds);
            return MeanShiftEnds.Merge(problem.Dimensions, ends);
        }

        public void Label(RoundedPoints centres, ReadOnlySpan<double> exact, Span<int> labels, CancellationToken cancellation)
        {
            fixed (double* values = exact)
            fixed (int* result = labels)
            {
                var searches = new NearestCentreHost[scratch.Workers];
                for (var w = 0; w < searches.Length; w++)
                    searches[w] = new NearestCentreHost(scratch, problem, tree, centres, values);
                host.Workers.RunPieces(tree.Nodes, new LabelBody(searches, tree, result, cancellation), Leaves);
            }
        }

        public void Dispose()
        {
        }
    }

    private readonly struct WalkBody(SeedWalk[] walks, MeanShiftEnds[] ends, float[] seeds, int[] order, CancellationToken cancellation) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (; from < until; from += Seeds)
                walks[worker].Run(seeds, order.AsSpan(from, Math.Min(Seeds, until - from)), ends[worker], cancellation);
        }
    }

    private readonly struct LabelBody(NearestCentreHost[] searches, PointTree tree, int* labels, CancellationToken cancellation) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var node = from; node < until; node++)
            {
                if (tree.NodeLeaves[node] == 1)
                    searches[worker].Label(node, labels);
            }
        }
    }
}
