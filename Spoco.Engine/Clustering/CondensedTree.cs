namespace Spoco.Engine.Clustering;

/// <summary>
/// The hierarchy without small clusters (McInnes and Healy, 2017): going down from all points, a split counts where both sides have enough points; else the small side's points leave the
/// cluster, which goes on. Density is lambda = 1 / distance, infinite at distance 0. Cluster 0 holds all points; a parent has a smaller number than its children.
/// </summary>
internal sealed class CondensedTree
{
    private readonly List<int> _parents = [-1];
    private readonly List<double> _births = [0];
    private readonly List<int> _sizes = [];

    /// <summary>Condenses a hierarchy.</summary>
    /// <param name="linkage">The hierarchy.</param>
    /// <param name="minClusterSize">Fewest points of a cluster.</param>
    public CondensedTree(SingleLinkage linkage, int minClusterSize)
    {
        var n = linkage.Points;
        PointCluster = new int[n];
        PointDensity = new double[n];
        _sizes.Add(n);
        // What a node below the current one belongs to, and at which density it left; NaN = it is still the cluster itself.
        var clusters = new int[2 * n - 1];
        var left = new double[2 * n - 1];
        Array.Fill(left, double.NaN);
        for (var node = 2 * n - 2; node >= n; node--)
        {
            var (first, second) = (linkage.First[node - n], linkage.Second[node - n]);
            clusters[first] = clusters[second] = clusters[node];
            if (!double.IsNaN(left[node]))
            {
                left[first] = left[second] = left[node];
                continue;
            }

            var density = 1 / linkage.Distance[node - n];
            var (firstStays, secondStays) = (linkage.Size[first] >= minClusterSize, linkage.Size[second] >= minClusterSize);
            if (firstStays && secondStays)
            {
                clusters[first] = Add(clusters[node], density, linkage.Size[first]);
                clusters[second] = Add(clusters[node], density, linkage.Size[second]);
                continue;
            }

            if (!firstStays)
                left[first] = density;
            if (!secondStays)
                left[second] = density;
        }

        for (var i = 0; i < n; i++)
            (PointCluster[i], PointDensity[i]) = (clusters[i], left[i]);
    }

    /// <summary>Clusters.</summary>
    public int Clusters => _parents.Count;

    /// <summary>[n]: the last cluster that each point was in.</summary>
    public int[] PointCluster { get; }

    /// <summary>[n]: the density at which each point left it.</summary>
    public double[] PointDensity { get; }

    /// <summary>The parent of each cluster; -1 for the first one.</summary>
    public IReadOnlyList<int> Parents => _parents;

    /// <summary>The density at which each cluster parts from its sibling; 0 for the first one.</summary>
    public IReadOnlyList<double> Births => _births;

    /// <summary>Points of each cluster when it is born.</summary>
    public IReadOnlyList<int> Sizes => _sizes;

    /// <summary>The excess of mass of each cluster: the sum over its points of the density at which they leave it or part with a child, less that of its birth.</summary>
    public double[] Stabilities()
    {
        var stabilities = new double[Clusters];
        for (var i = 0; i < PointCluster.Length; i++)
            stabilities[PointCluster[i]] += PointDensity[i] - _births[PointCluster[i]];
        for (var c = 1; c < Clusters; c++)
            stabilities[_parents[c]] += (_births[c] - _births[_parents[c]]) * _sizes[c];
        return stabilities;
    }

    /// <summary>The largest density at which anything leaves each cluster, point or child.</summary>
    public double[] Deaths()
    {
        var deaths = new double[Clusters];
        for (var i = 0; i < PointCluster.Length; i++)
            deaths[PointCluster[i]] = Math.Max(deaths[PointCluster[i]], PointDensity[i]);
        for (var c = 1; c < Clusters; c++)
            deaths[_parents[c]] = Math.Max(deaths[_parents[c]], _births[c]);
        return deaths;
    }

    private int Add(int parent, double birth, int size)
    {
        _parents.Add(parent);
        _births.Add(birth);
        _sizes.Add(size);
        return Clusters - 1;
    }
}
