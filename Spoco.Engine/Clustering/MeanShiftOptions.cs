namespace Spoco.Engine.Clustering;

/// <summary>Choices of <see cref="MeanShift"/>, named as in scikit-learn.</summary>
public sealed record MeanShiftOptions
{
    /// <summary>Radius of the flat kernel, above 0. The paper takes delta_v.</summary>
    public double Bandwidth { get; init; } = 0.5;

    /// <summary>Start at the centres of the occupied cells of a grid with edges of one bandwidth; false = at every point.</summary>
    public bool BinSeeding { get; init; } = true;

    /// <summary>Fewest points of a cell that becomes a seed.</summary>
    public int MinBinFrequency { get; init; } = 1;

    /// <summary>Points farther than a bandwidth from every centre join the nearest; false = they get label 0.</summary>
    public bool ClusterAll { get; init; } = true;

    /// <summary>Most shifts of a seed.</summary>
    public int MaxIterations { get; init; } = 300;
}
