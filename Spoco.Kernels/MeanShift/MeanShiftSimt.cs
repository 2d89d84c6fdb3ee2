namespace Spoco.Kernels.Primitives;

/// <summary>
/// Mean-shift on ILGPU devices with double precision: balls and the nearest centres are computed there, the tree is built and seeds and centres are kept on the host. Sums of points have another
/// order than on the host, which may change the last digits of a mean.
/// </summary>
internal sealed class MeanShiftSimt : MeanShiftAlgorithm
{
    /// <summary>Seeds that walk at a time.</summary>
    private const int Seeds = 1 << 15;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in MeanShiftProblem problem) =>
        !device.OnHost && device.DoublePrecision && problem.Dimensions <= BallMeansSimt.MostDimensions;

    /// <inheritdoc/>
    public override IMeanShiftPasses Open(ComputeDevice device, HostDevice host, HostScratch scratch, in MeanShiftProblem problem, PointTree tree) =>
        new Passes(device.Ilgpu, problem, new PointTreeViews(tree, device));

    private sealed class Passes(IlgpuDevice gpu, MeanShiftProblem problem, PointTreeViews tree) : IMeanShiftPasses
    {
        public MeanShiftEnds Walk(float[] seeds, int[] order, CancellationToken cancellation)
        {
            var most = Math.Min(Seeds, order.Length);
            using var balls = new BallMeansSimt(gpu, tree, problem.Bandwidth, most);
            var walk = new SeedWalk(problem, balls, most);
            var ends = new List<MeanShiftEnds>();
            for (var first = 0; first < order.Length; first += most)
            {
                ends.Add(new MeanShiftEnds(problem.Dimensions));
                walk.Run(seeds, order.AsSpan(first, Math.Min(most, order.Length - first)), ends[^1], cancellation);
            }

            return MeanShiftEnds.Merge(problem.Dimensions, [.. ends]);
        }

        public unsafe void Label(RoundedPoints centres, ReadOnlySpan<double> exact, Span<int> labels, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            using var views = new PointTreeViews(centres.Tree, gpu);
            using var scratch = new DeviceScratch(gpu, nameof(MeanShift));
            var (numbers, squares) = (scratch.Take<int>(tree.Shape.Slots), scratch.Take<double>(tree.Shape.Slots));
            NearestCentreSimt.Find(tree, views, centres.Moved, scratch.Upload(exact), numbers, squares);
            var (nearest, distances) = (numbers.ToArray(), squares.ToArray());
            for (var slot = 0; slot < nearest.Length; slot++)
            {
                if (tree.Host.Numbers[slot] is var point && point >= 0)
                    labels[point] = problem.ClusterAll || distances[slot] <= problem.Bandwidth * problem.Bandwidth ? nearest[slot] + 1 : 0;
            }
        }

        public void Dispose() => tree.Dispose();
    }
}
