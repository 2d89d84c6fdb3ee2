namespace Spoco.Engine.Clustering;

/// <summary>Which clusters of a <see cref="CondensedTree"/> are taken, and which points belong to them: hdbscan 0.8's rules.</summary>
internal sealed class ClusterChoice
{
    private readonly CondensedTree _tree;
    private readonly HdbscanOptions _options;
    private readonly bool[] _taken;

    /// <summary>Chooses.</summary>
    public ClusterChoice(CondensedTree tree, HdbscanOptions options)
    {
        _tree = tree;
        _options = options;
        _taken = new bool[tree.Clusters];
        if (options.Selection == ClusterSelection.Leaf)
            TakeLeaves();
        else
            TakeLargestExcess();
        if (options.SelectionEpsilon > 0 && tree.Clusters > 1 && !_taken[0])
            JoinBelowEpsilon();
    }

    /// <summary>Whether each cluster is taken.</summary>
    public IReadOnlyList<bool> Taken => _taken;

    /// <summary>Labels from 1 in the order of their first point, 0 = noise; and how firmly points belong: density over the largest density of the cluster, at most 1.</summary>
    public HdbscanResult Result()
    {
        var n = _tree.PointCluster.Length;
        var labels = new int[n];
        var probabilities = new float[n];
        var deaths = _tree.Deaths();
        // A parent comes before its children: what holds a cluster is known when its children ask.
        var holders = new int[_tree.Clusters];
        for (var c = 0; c < holders.Length; c++)
            holders[c] = _taken[c] ? c : c == 0 ? -1 : holders[_tree.Parents[c]];
        var names = new int[_tree.Clusters];
        var count = 0;
        for (var i = 0; i < n; i++)
        {
            var holder = holders[_tree.PointCluster[i]];
            var density = _tree.PointDensity[i];
            if (holder < 0 || (holder == 0 && !BelongsToAll(density, deaths[0])))
                continue;
            labels[i] = names[holder] == 0 ? names[holder] = ++count : names[holder];
            var death = deaths[holder];
            probabilities[i] = death == 0 || double.IsInfinity(density) ? 1 : (float)(Math.Min(density, death) / death);
        }

        return new HdbscanResult(labels, probabilities);
    }

    /// <summary>Whether a point belongs to the one cluster of all points.</summary>
    private bool BelongsToAll(double density, double death) =>
        _options.SelectionEpsilon > 0 ? density >= 1 / _options.SelectionEpsilon : density >= death;

    private void TakeLeaves()
    {
        if (_tree.Clusters == 1)
            return;
        Array.Fill(_taken, true);
        foreach (var parent in _tree.Parents.Skip(1))
            _taken[parent] = false;
    }

    /// <summary>From the leaves up: a cluster is taken unless its children have more; of those taken none is within another.</summary>
    private void TakeLargestExcess()
    {
        var stabilities = _tree.Stabilities();
        var below = new double[_tree.Clusters];
        for (var c = _tree.Clusters - 1; c >= (_options.AllowSingleCluster ? 0 : 1); c--)
        {
            // hdbscan holds the sum of the children in single precision; where it is near the parent's, that decides.
            var children = (float)below[c];
            _taken[c] = !(children > stabilities[c]);
            if (!_taken[c])
                stabilities[c] = children;
            if (c > 0)
                below[_tree.Parents[c]] += stabilities[c];
        }

        var within = new bool[_tree.Clusters];
        for (var c = 1; c < _tree.Clusters; c++)
        {
            within[c] = within[_tree.Parents[c]] || _taken[_tree.Parents[c]];
            _taken[c] &= !within[c];
        }
    }

    /// <summary>A taken cluster that parts from its sibling below epsilon gives way to the first one above it that does not (Malzer and Baum, 2019), at most a child of the first.</summary>
    private void JoinBelowEpsilon()
    {
        var epsilon = _options.SelectionEpsilon;
        var joined = new bool[_tree.Clusters];
        var above = new int[_tree.Clusters];
        for (var c = 1; c < _tree.Clusters; c++)
        {
            var parent = _tree.Parents[c];
            above[c] = parent == 0 ? (_options.AllowSingleCluster ? 0 : c) : 1 / _tree.Births[parent] > epsilon ? parent : above[parent];
            if (_taken[c])
                joined[1 / _tree.Births[c] < epsilon ? above[c] : c] = true;
        }

        joined.CopyTo(_taken, 0);
    }
}
