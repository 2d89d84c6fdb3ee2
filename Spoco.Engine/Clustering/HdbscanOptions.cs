namespace Spoco.Engine.Clustering;

/// <summary>Which clusters of the hierarchy are taken.</summary>
public enum ClusterSelection
{
    /// <summary>Those whose excess of mass is largest (Campello et al., TKDD 2015).</summary>
    ExcessOfMass,

    /// <summary>The leaves of the condensed tree: the finest clusters.</summary>
    Leaf,
}

/// <summary>Choices of <see cref="Hdbscan"/>, named as in hdbscan 0.8.</summary>
public sealed record HdbscanOptions
{
    /// <summary>Fewest points of a cluster, at least 2. The paper takes 200 for CVPPP and 600 for Ovules.</summary>
    public int MinClusterSize { get; init; } = 200;

    /// <summary>Neighbours, the point itself not counted, within the core distance; null = <see cref="MinClusterSize"/>. At most n - 1 are taken.</summary>
    public int? MinSamples { get; init; }

    /// <summary>Clusters that split at a distance below this are not split (Malzer and Baum, 2019); 0 = all splits count. The paper takes delta_v.</summary>
    public double SelectionEpsilon { get; init; }

    /// <summary>Excess of mass, or leaves.</summary>
    public ClusterSelection Selection { get; init; } = ClusterSelection.ExcessOfMass;

    /// <summary>Whether all points may form one cluster.</summary>
    public bool AllowSingleCluster { get; init; }

    /// <summary>Neighbours within the core distance.</summary>
    internal int Neighbours => MinSamples ?? MinClusterSize;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        if (MinClusterSize < 2)
            throw new ArgumentException($"Hdbscan: MinClusterSize must be at least 2, got {MinClusterSize}.");
        if (MinSamples < 1)
            throw new ArgumentException($"Hdbscan: MinSamples must be at least 1, got {MinSamples}.");
        if (!(SelectionEpsilon >= 0 && double.IsFinite(SelectionEpsilon)))
            throw new ArgumentException($"Hdbscan: SelectionEpsilon must be a finite number from 0 on, got {SelectionEpsilon}.");
    }
}
