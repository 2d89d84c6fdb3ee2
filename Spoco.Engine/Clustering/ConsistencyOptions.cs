namespace Spoco.Engine.Clustering;

/// <summary>Choices of <see cref="ConsistencyClustering"/>.</summary>
public sealed record ConsistencyOptions
{
    /// <summary>The mean-shift that finds the objects in the embeddings of f. Its bandwidth, delta_v, is the radius of the balls in those of g, too.</summary>
    public MeanShiftOptions MeanShift { get; init; } = new();

    /// <summary>M: anchors drawn from every object, with replacement.</summary>
    public int Anchors { get; init; } = 100;

    /// <summary>t_IoU: an object whose median IoU is below it is dropped.</summary>
    public double Threshold { get; init; } = 0.6;

    /// <summary>Decides the anchors.</summary>
    public long Seed { get; init; } = 1;
}
