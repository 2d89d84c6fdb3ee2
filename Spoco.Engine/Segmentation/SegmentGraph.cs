using System.Runtime.InteropServices;

namespace Spoco.Engine.Segmentation;

/// <summary>The segments of a label image with sizes, sums of embeddings and shared borders, on the way to being joined. Segment 0 is label 0.</summary>
internal sealed class SegmentGraph
{
    private readonly Volume<int> _compact;
    private readonly Segment[] _segments;
    private readonly int[] _target;

    private SegmentGraph(Volume<int> compact, Segment[] segments)
    {
        _compact = compact;
        _segments = segments;
        _target = [.. Enumerable.Range(0, segments.Length)];
    }

    public IReadOnlyList<Segment> Segments => _segments;

    /// <param name="labels">Segments; 0 = background, which borders on nothing.</param>
    /// <param name="embeddings">[D, H, W, E], or null: the sums are empty.</param>
    public static SegmentGraph Of(Volume<int> labels, Volume<float>? embeddings)
    {
        var (compact, _, names) = Relabel.Compact(labels);
        var dimensions = embeddings?.Channels ?? 0;
        Segment[] segments = [.. names.Select(name => new Segment(name, dimensions))];
        var neighbourhood = new Neighbourhood(compact.Depth, compact.Height, compact.Width, Connectivity.Faces, precedingOnly: true);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        for (var i = 0; i < compact.Data.Length; i++)
        {
            if (compact.Data[i] is var c && c == 0)
                continue;
            segments[c].Size++;
            for (var e = 0; e < dimensions; e++)
                segments[c].Sum[e] += embeddings!.Data[(long)i * dimensions + e];
            foreach (var j in neighbours[..neighbourhood.Of(i, neighbours)])
                if (compact.Data[j] is var d && d != 0 && d != c)
                {
                    segments[c].AddBorder(d, 1);
                    segments[d].AddBorder(c, 1);
                }
        }

        return new SegmentGraph(compact, segments);
    }

    /// <summary>Whether a segment has not been given to another one.</summary>
    public bool IsFree(int segment) => _target[segment] == segment;

    /// <summary>Gives a free segment to another one, which keeps its own size, mean and borders.</summary>
    public void Assign(int target, int segment) => _target[segment] = target;

    /// <summary>Gives a free segment to another one together with its size, sum and borders.</summary>
    public void Absorb(int target, int segment)
    {
        Assign(target, segment);
        var (into, from) = (_segments[target], _segments[segment]);
        into.Size += from.Size;
        for (var e = 0; e < into.Sum.Length; e++)
            into.Sum[e] += from.Sum[e];
        into.Borders.Remove(segment);
        foreach (var (other, faces) in from.Borders)
        {
            if (other == target)
                continue;
            _segments[other].Borders.Remove(segment);
            _segments[other].AddBorder(target, faces);
            into.AddBorder(other, faces);
        }

        from.Borders.Clear();
    }

    /// <summary>The label image with every segment under the name of the one it was given to.</summary>
    public Volume<int> Labels() => LabelImage.Map(_compact, c => _segments[Find(c)].Name);

    private int Find(int segment)
    {
        while (_target[segment] != segment)
            segment = _target[segment] = _target[_target[segment]];
        return segment;
    }

    /// <summary>A segment and what has been given to it.</summary>
    /// <param name="name">Its label.</param>
    /// <param name="dimensions">E.</param>
    public sealed class Segment(int name, int dimensions)
    {
        public int Name { get; } = name;

        public long Size { get; set; }

        public double[] Sum { get; } = new double[dimensions];

        /// <summary>Shared faces per neighbour.</summary>
        public Dictionary<int, long> Borders { get; } = [];

        public void AddBorder(int neighbour, long faces) => CollectionsMarshal.GetValueRefOrAddDefault(Borders, neighbour, out _) += faces;

        /// <summary>Of the mean embeddings.</summary>
        public double SquaredDistance(Segment other)
        {
            var sum = 0.0;
            for (var e = 0; e < Sum.Length; e++)
            {
                var difference = Sum[e] / Size - other.Sum[e] / other.Size;
                sum += difference * difference;
            }
            return sum;
        }
    }
}
