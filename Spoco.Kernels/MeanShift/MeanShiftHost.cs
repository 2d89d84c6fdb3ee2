namespace Spoco.Kernels.Primitives;

/// <summary>Mean-shift on the host, on all workers: what is left to it where a device has no double precision.</summary>
internal sealed unsafe class MeanShiftHost : MeanShiftAlgorithm
{
    /// <summary>Seeds that a worker walks with at a time.</summary>
    private const int Seeds = 1024;

    /// <summary>Leaves whose points a worker labels at a time.</summary>
    private const int Leaves = 16;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in MeanShiftProblem problem) => true;

    /// <inheritdoc/>
    public override IMeanShiftPasses Open(ComputeDevice device, HostDevice host, HostScratch scratch, in MeanShiftProblem problem, PointTree tree) =>
        new Passes(host, scratch, problem, tree);

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
                host.Workers.RunPieces(tree.Leaves, new LabelBody(searches, result, cancellation), Leaves);
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

    private readonly struct LabelBody(NearestCentreHost[] searches, int* labels, CancellationToken cancellation) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var leaf = from; leaf < until; leaf++)
                searches[worker].Label(leaf, labels);
        }
    }
}
