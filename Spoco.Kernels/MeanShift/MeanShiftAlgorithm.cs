namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute what mean-shift takes long for: where seeds end, and which centre is nearest.</summary>
internal abstract class MeanShiftAlgorithm : IAlgorithm<MeanShiftProblem>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in MeanShiftProblem problem);

    /// <summary>Prepares for the points of a tree.</summary>
    /// <param name="device">The device that was asked for.</param>
    /// <param name="host">The host that holds the tree.</param>
    /// <param name="scratch">Its memory, for the time of the computation.</param>
    /// <param name="problem">What is asked for.</param>
    /// <param name="tree">The points.</param>
    public abstract IMeanShiftPasses Open(ComputeDevice device, HostDevice host, HostScratch scratch, in MeanShiftProblem problem, PointTree tree);
}

/// <summary>The passes of a mean-shift over the points of a tree.</summary>
internal interface IMeanShiftPasses : IDisposable
{
    /// <summary>Where seeds end.</summary>
    /// <param name="seeds">[seeds, d].</param>
    /// <param name="order">All seeds by their numbers, those near each other together.</param>
    /// <param name="cancellation">Stops between steps.</param>
    MeanShiftEnds Walk(float[] seeds, int[] order, CancellationToken cancellation);

    /// <summary>The nearest centre of every point.</summary>
    /// <param name="centres">The centres, at least one.</param>
    /// <param name="exact">[centres, d], not rounded.</param>
    /// <param name="labels">[n], receives the number of the nearest centre, from 1; 0 = none.</param>
    /// <param name="cancellation">Stops between parts.</param>
    void Label(RoundedPoints centres, ReadOnlySpan<double> exact, Span<int> labels, CancellationToken cancellation);
}
