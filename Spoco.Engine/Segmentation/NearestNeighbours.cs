namespace Spoco.Engine.Segmentation;

/// <summary>
/// The nearest neighbour of a segment that grows, as long as it is nearer than a distance. A segment with many neighbours keeps them in order of their distances; a mean
/// that has moved by d since has come nearer to none by more than d, so that few have to be looked at again.
/// </summary>
internal sealed class NearestNeighbours(SegmentGraph graph, double distance)
{
    private const int Few = 64;

    // Distances and drifts are sums of rounded numbers.
    private const double Slack = 1e-9;

    private readonly Dictionary<int, Ordered> _ordered = [];

    /// <summary>The nearest neighbour, of equally near ones the first, and the square of its distance; (0, 0) where none is near enough.</summary>
    public (int Neighbour, double Squared) Of(int segment)
    {
        var nearest = (Neighbour: 0, Squared: distance * distance);
        var neighbours = graph.Neighbours(segment);
        if (neighbours.Length <= Few)
        {
            foreach (var neighbour in neighbours)
                Look(neighbour);
            return nearest.Neighbour == 0 ? default : nearest;
        }

        var ordered = Order(segment, neighbours);
        while (ordered.First < ordered.Neighbours.Length && graph.Root(ordered.Neighbours[ordered.First]) == segment)
            ordered.First++;
        for (var i = ordered.First; i < ordered.Neighbours.Length; i++)
        {
            if (ordered.Distances[i] * (1 - Slack) - ordered.Drift - Slack > Math.Sqrt(nearest.Squared))
                break;
            Look(ordered.Neighbours[i]);
        }

        foreach (var neighbour in neighbours[ordered.Seen..])
            Look(neighbour);
        return nearest.Neighbour == 0 ? default : nearest;

        void Look(int neighbour)
        {
            neighbour = graph.Root(neighbour);
            if (neighbour == segment)
                return;
            var squared = graph.SquaredDistance(segment, neighbour);
            if (squared < nearest.Squared || (squared == nearest.Squared && nearest.Neighbour > neighbour))
                nearest = (neighbour, squared);
        }
    }

    /// <summary>Gives a segment to another one, see <see cref="SegmentGraph.Absorb"/>.</summary>
    public void Absorb(int target, int segment)
    {
        _ordered.Remove(segment);
        if (!_ordered.TryGetValue(target, out var ordered))
        {
            graph.Absorb(target, segment);
            return;
        }

        var before = graph.Mean(target);
        graph.Absorb(target, segment);
        var after = graph.Mean(target);
        var squared = 0.0;
        for (var e = 0; e < before.Length; e++)
            squared += (after[e] - before[e]) * (after[e] - before[e]);
        ordered.Drift += Math.Sqrt(squared);
    }

    private Ordered Order(int segment, ReadOnlySpan<int> neighbours)
    {
        if (_ordered.TryGetValue(segment, out var ordered) && ordered.Order == graph.Order(segment)
            && neighbours.Length - ordered.Seen <= ordered.Neighbours.Length / 2 + Few)
            return ordered;
        int[] distinct = new int[neighbours.Length];
        for (var i = 0; i < distinct.Length; i++)
            distinct[i] = graph.Root(neighbours[i]);
        distinct = [.. distinct.Distinct().Where(n => n != segment)];
        var distances = Array.ConvertAll(distinct, n => Math.Sqrt(graph.SquaredDistance(segment, n)));
        Array.Sort(distances, distinct);
        return _ordered[segment] = new Ordered(distinct, distances, neighbours.Length, graph.Order(segment));
    }

    /// <param name="neighbours">In order of their distances.</param>
    /// <param name="distances">As they were then.</param>
    /// <param name="seen">How much of the segment's list of neighbours is among them.</param>
    /// <param name="order">Which of its orders that list had.</param>
    private sealed class Ordered(int[] neighbours, double[] distances, int seen, int order)
    {
        public int[] Neighbours => neighbours;

        public double[] Distances => distances;

        public int Seen => seen;

        public int Order => order;

        /// <summary>Where the first neighbour is that has not been absorbed.</summary>
        public int First { get; set; }

        /// <summary>How far the segment's mean has come since, step by step.</summary>
        public double Drift { get; set; }
    }
}
