namespace Spoco.Engine.Clustering;

/// <summary>Choices of <see cref="MeanShift"/>, named as in scikit-learn.</summary>
public sealed record MeanShiftOptions
{
    /// <summary>Radius of the flat kernel, in the unit of the points: above 0, and neither 0 nor infinite in single precision. The paper takes delta_v.</summary>
    public double Bandwidth { get; init; } = 0.5;

    /// <summary>Start at the centres of the occupied cells of a grid with edges of one bandwidth; false = at every point.</summary>
    public bool BinSeeding { get; init; } = true;

    /// <summary>Fewest points of a cell that becomes a seed, at least 1.</summary>
    public int MinBinFrequency { get; init; } = 1;

    /// <summary>Points farther than a bandwidth from every centre join the nearest; false = they get label 0.</summary>
    public bool ClusterAll { get; init; } = true;

    /// <summary>Shifts of a seed after which one more is the last, at least 0.</summary>
    public int MaxIterations { get; init; } = 300;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        if (!((float)Bandwidth > 0 && float.IsFinite((float)Bandwidth)))
            throw new ArgumentException($"MeanShift: Bandwidth must be a finite number above 0, got {Bandwidth}.");
        if (MinBinFrequency < 1)
            throw new ArgumentException($"MeanShift: MinBinFrequency must be at least 1, got {MinBinFrequency}.");
        if (MaxIterations < 0)
            throw new ArgumentException($"MeanShift: MaxIterations must be at least 0, got {MaxIterations}.");
    }
}
