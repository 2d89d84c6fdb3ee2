namespace Spoco.Tests.Clustering;

/// <summary>
/// HDBSCAN by the book, O(n^2), in double precision: Prim's algorithm over the matrix of mutual reachability as hdbscan 0.8 does it, edges in its order.
/// </summary>
internal static class HdbscanReference
{
    /// <summary>The squared distance, rounded as float or not at all.</summary>
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
}
