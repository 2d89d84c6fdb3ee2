using Spoco.Engine.Clustering;

namespace Spoco.Tests.Clustering;

/// <summary>
/// HDBSCAN by the book, O(n^2), in double precision: Prim's algorithm over the matrix of mutual reachability as hdbscan 0.8 does it, edges in its order.
/// </summary>
internal static class HdbscanReference
{
    /// <summary>All distances.</summary>
    public static double[,] Distances(float[] values, int dimensions)
    {
        var n = values.Length / dimensions;
        var distances = new double[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                var sum = 0.0;
                for (var c = 0; c < dimensions; c++)
                    sum += Math.Pow((double)values[i * dimensions + c] - values[j * dimensions + c], 2);
                distances[i, j] = Math.Sqrt(sum);
            }
        }

        return distances;
    }

    /// <summary>The distance of every point to its k-th neighbour, itself not counted.</summary>
    public static double[] Cores(double[,] distances, int neighbours)
    {
        var n = distances.GetLength(0);
        var cores = new double[n];
        for (var i = 0; i < n; i++)
            cores[i] = Enumerable.Range(0, n).Select(j => distances[i, j]).Order().ElementAt(Math.Min(neighbours, n - 1));
        return cores;
    }

    /// <summary>Prim's tree: from point 0, always the first of the nearest points; the edge goes from the point added before, as in hdbscan.</summary>
    public static (int U, int V, double Distance)[] Prim(double[,] distances, double[] cores)
    {
        var n = cores.Length;
        var nearest = new double[n];
        Array.Fill(nearest, double.PositiveInfinity);
        var added = new bool[n];
        var edges = new (int, int, double)[n - 1];
        var current = 0;
        for (var i = 0; i < n - 1; i++)
        {
            added[current] = true;
            var next = -1;
            for (var j = 0; j < n; j++)
            {
                if (added[j])
                    continue;
                nearest[j] = Math.Min(nearest[j], Math.Max(distances[current, j], Math.Max(cores[current], cores[j])));
                if (next < 0 || nearest[j] < nearest[next])
                    next = j;
            }

            edges[i] = (current, next, nearest[next]);
            current = next;
        }

        return edges;
    }

    /// <summary>
    /// Positions in the order of their values, equal ones as numpy's argsort leaves them: quicksort with the median of three, insertion below 16. hdbscan sorts the edges of its tree
    /// with it, so that the answer for points that reach two clusters at one distance hangs on it.
    /// </summary>
    public static int[] ArgSort(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        var parts = new Stack<(int, int)>();
        int low = 0, high = values.Length - 1;
        while (true)
        {
            while (high - low > 15)
            {
                var middle = low + ((high - low) >> 1);
                Sort2(middle, low);
                Sort2(high, middle);
                Sort2(middle, low);
                var pivot = values[order[middle]];
                int i = low, j = high - 1;
                (order[middle], order[j]) = (order[j], order[middle]);
                while (true)
                {
                    do
                        i++;
                    while (values[order[i]] < pivot);
                    do
                        j--;
                    while (pivot < values[order[j]]);
                    if (i >= j)
                        break;
                    (order[i], order[j]) = (order[j], order[i]);
                }

                (order[i], order[high - 1]) = (order[high - 1], order[i]);
                if (i - low < high - i)
                {
                    parts.Push((i + 1, high));
                    high = i - 1;
                }
                else
                {
                    parts.Push((low, i - 1));
                    low = i + 1;
                }
            }

            for (var i = low + 1; i <= high; i++)
            {
                var moved = order[i];
                var j = i;
                for (; j > low && values[moved] < values[order[j - 1]]; j--)
                    order[j] = order[j - 1];
                order[j] = moved;
            }

            if (parts.Count == 0)
                return order;
            (low, high) = parts.Pop();
        }

        // Puts the smaller value first.
        void Sort2(int later, int earlier)
        {
            if (values[order[later]] < values[order[earlier]])
                (order[later], order[earlier]) = (order[earlier], order[later]);
        }
    }

    /// <summary>
    /// Clusters of a hierarchy, as hdbscan 0.8 goes about it: rows of parent, child, density and size, from the root down; then stabilities, selection, labels from the rows.
    /// </summary>
    public static (int[] Labels, double[] Probabilities) Label(int n, (int U, int V, double Distance)[] merges, HdbscanOptions options)
    {
        var size = new int[2 * n - 1];
        Array.Fill(size, 1, 0, n);
        var parents = Enumerable.Range(0, 2 * n - 1).ToArray();
        var children = new (int, int)[n - 1];
        for (var i = 0; i < n - 1; i++)
        {
            children[i] = (Root(merges[i].U), Root(merges[i].V));
            size[n + i] = size[children[i].Item1] + size[children[i].Item2];
            parents[children[i].Item1] = parents[children[i].Item2] = n + i;
        }

        var rows = new List<(int Parent, int Child, double Density, int Size)>();
        var names = new int[2 * n - 1];
        names[2 * n - 2] = n;
        var count = 1;
        var waiting = new Queue<int>([2 * n - 2]);
        while (waiting.TryDequeue(out var node))
        {
            if (node < n)
                continue;
            var (left, right) = children[node - n];
            var density = 1 / merges[node - n].Distance;
            var splits = size[left] >= options.MinClusterSize && size[right] >= options.MinClusterSize;
            foreach (var child in (int[])[left, right])
            {
                if (size[child] < options.MinClusterSize)
                {
                    rows.AddRange(PointsOf(child).Select(p => (names[node], p, density, 1)));
                    continue;
                }

                names[child] = splits ? n + count++ : names[node];
                if (splits)
                    rows.Add((names[node], names[child], density, size[child]));
                waiting.Enqueue(child);
            }
        }

        var births = new double[count];
        var above = new int[count];
        foreach (var row in rows.Where(r => r.Child >= n))
            (births[row.Child - n], above[row.Child - n]) = (row.Density, row.Parent - n);
        var stability = new double[count];
        var deaths = new double[count];
        foreach (var row in rows)
        {
            stability[row.Parent - n] += (row.Density - births[row.Parent - n]) * row.Size;
            deaths[row.Parent - n] = Math.Max(deaths[row.Parent - n], row.Density);
        }

        var taken = new HashSet<int>();
        if (options.Selection == ClusterSelection.Leaf)
            taken.UnionWith(Enumerable.Range(1, count - 1).Where(c => !Below(c).Any()));
        for (var c = count - 1; c >= (options.AllowSingleCluster ? 0 : 1) && options.Selection == ClusterSelection.ExcessOfMass; c--)
        {
            var sum = (float)Below(c).Sum(b => stability[b]);
            if (sum > stability[c])
            {
                stability[c] = sum;
                continue;
            }

            foreach (var b in AllBelow(c))
                taken.Remove(b);
            taken.Add(c);
        }

        if (options.SelectionEpsilon > 0 && count > 1 && !taken.Contains(0))
        {
            var (joined, done) = (new HashSet<int>(), new HashSet<int>());
            foreach (var c in taken.Order())
            {
                if (1 / births[c] >= options.SelectionEpsilon)
                    joined.Add(c);
                else if (!done.Contains(c))
                {
                    var up = c;
                    while (above[up] != 0 && !(1 / births[above[up]] > options.SelectionEpsilon))
                        up = above[up];
                    up = above[up] != 0 ? above[up] : options.AllowSingleCluster ? 0 : up;
                    joined.Add(up);
                    done.UnionWith(AllBelow(up));
                }
            }

            taken = joined;
        }

        var (labels, probabilities) = (new int[n], new double[n]);
        foreach (var row in rows.Where(r => r.Child < n))
        {
            var c = row.Parent - n;
            while (c > 0 && !taken.Contains(c))
                c = above[c];
            if (!taken.Contains(c))
                continue;
            if (c == 0 && row.Density < (options.SelectionEpsilon > 0 ? 1 / options.SelectionEpsilon : deaths[0]))
                continue;
            labels[row.Child] = c + 1;
            probabilities[row.Child] = double.IsInfinity(row.Density) ? 1 : Math.Min(row.Density, deaths[c]) / deaths[c];
        }

        return (labels, probabilities);

        int Root(int node)
        {
            while (parents[node] != node)
                node = parents[node] = parents[parents[node]];
            return node;
        }

        IEnumerable<int> PointsOf(int node) => node < n ? [node] : PointsOf(children[node - n].Item1).Concat(PointsOf(children[node - n].Item2));

        IEnumerable<int> Below(int c) => Enumerable.Range(1, count - 1).Where(b => above[b] == c);

        IEnumerable<int> AllBelow(int c) => Below(c).SelectMany(b => AllBelow(b).Prepend(b));
    }
}
