namespace Spoco.Engine.Segmentation;

/// <summary>
/// The nearest neighbour of a segment that grows, as long as it is nearer than a distance. A segment with many neighbours keeps them in a heap: each under its distance when
/// it was last looked at, plus the way that the segment's mean had come until then. Less the way that it has come until now, that is a lower bound of the
/// distance, as a mean that moves by d comes nearer to none by more than d. So few have to be looked at again.
/// </summary>
/// <param name="graph">The segments.</param>
/// <param name="distance">Neighbours of this distance or more do not count.</param>
internal sealed class NearestNeighbours(SegmentGraph graph, double distance)
{
    private const int Few = 64;

    // Distances and ways are sums of rounded numbers.
    private const double Slack = 1e-9;

    private readonly Dictionary<int, Heap> _heaps = [];
    private readonly List<(int Neighbour, double Distance)> _looked = [];

    /// <summary>The nearest neighbour, of equally near ones the first, and the square of its distance; (0, 0) where none is near enough.</summary>
    public (int Neighbour, double Squared) Of(int segment)
    {
        var nearest = (Neighbour: 0, Squared: distance * distance);
        var neighbours = graph.Neighbours(segment);
        if (neighbours.Length <= Few && !_heaps.ContainsKey(segment))
        {
            foreach (var neighbour in neighbours)
                if (graph.Root(neighbour) is var root && root != segment)
                    Look(root, graph.SquaredDistance(segment, root));
            return nearest.Neighbour == 0 ? default : nearest;
        }

        var heap = HeapOf(segment, neighbours);
        _looked.Clear();
        while (heap.Queue.TryPeek(out var neighbour, out var key) && key - heap.Way - Slack * (1 + key) <= Math.Sqrt(nearest.Squared))
        {
            heap.Queue.Dequeue();
            var root = graph.Root(neighbour);
            if (root == segment)
                continue;
            var squared = graph.SquaredDistance(segment, root);
            _looked.Add((root, Math.Sqrt(squared)));
            Look(root, squared);
        }

        foreach (var (neighbour, now) in _looked)
            heap.Queue.Enqueue(neighbour, now + heap.Way);
        return nearest.Neighbour == 0 ? default : nearest;

        void Look(int neighbour, double squared)
        {
            if (squared < nearest.Squared || (squared == nearest.Squared && nearest.Neighbour > neighbour))
                nearest = (neighbour, squared);
        }
    }

    /// <summary>Gives a segment to another one, see <see cref="SegmentGraph.Absorb"/>.</summary>
    public void Absorb(int target, int segment)
    {
        _heaps.Remove(segment);
        if (!_heaps.TryGetValue(target, out var heap))
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
        heap.Way += Math.Sqrt(squared);
    }

    /// <summary>The heap of a segment with all its neighbours in it.</summary>
    private Heap HeapOf(int segment, ReadOnlySpan<int> neighbours)
    {
        if (!_heaps.TryGetValue(segment, out var heap))
            _heaps[segment] = heap = new Heap();
        // What was absorbed has been added at the end of the list. Where that has been put in order since, the heap begins anew, without those that are gone.
        var order = graph.Order(segment);
        if (heap.Order != order)
        {
            heap.Queue.Clear();
            heap.Seen = 0;
        }

        foreach (var neighbour in neighbours[heap.Seen..])
            if (graph.Root(neighbour) is var root && root != segment)
                heap.Queue.Enqueue(root, Math.Sqrt(graph.SquaredDistance(segment, root)) + heap.Way);
        (heap.Seen, heap.Order) = (neighbours.Length, order);
        return heap;
    }

    private sealed class Heap
    {
        public PriorityQueue<int, double> Queue { get; } = new();

        /// <summary>How much of the segment's list of neighbours is in the heap.</summary>
        public int Seen { get; set; }

        /// <summary>Which of its orders that list had.</summary>
        public int Order { get; set; } = -1;

        /// <summary>How far the segment's mean has come, step by step.</summary>
        public double Way { get; set; }
    }
}
