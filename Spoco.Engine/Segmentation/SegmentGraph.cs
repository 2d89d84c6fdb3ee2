using System.Runtime.InteropServices;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// The segments of an image with sizes, sums of embeddings and shared borders, on the way to being joined. Segments are numbered from 1 by their first voxel.
/// Sums are exact, and so the same in any order (<see cref="ExactSums"/>).
/// </summary>
internal sealed class SegmentGraph
{
    private readonly long[] _sizes;
    private readonly double[] _sums;
    private readonly int[] _starts;
    private readonly int[] _neighbours;
    private readonly long[] _faces;
    private readonly int[] _target;

    private readonly List<(int Neighbour, long Faces)> _borders = [];
    private JoinedBorders?[] _joined = [];

    /// <param name="sizes">Voxels per segment; index 0 is of none.</param>
    /// <param name="sums">Sums of embeddings per segment, made by <see cref="ExactSums"/>; without dimensions = none are known.</param>
    /// <param name="dimensions">Of an embedding.</param>
    /// <param name="borders">Which segments share faces.</param>
    public SegmentGraph(long[] sizes, double[] sums, int dimensions, BorderTable borders)
    {
        (_sizes, _sums, Dimensions) = (sizes, sums, dimensions);
        _target = [.. Enumerable.Range(0, sizes.Length)];
        _starts = new int[sizes.Length + 1];
        foreach (var (a, b, _) in borders.Pairs)
            (_starts[a + 1], _starts[b + 1]) = (_starts[a + 1] + 1, _starts[b + 1] + 1);
        for (var s = 1; s < _starts.Length; s++)
            _starts[s] = checked(_starts[s] + _starts[s - 1]);
        _neighbours = new int[_starts[^1]];
        _faces = borders.CountsFaces ? new long[_starts[^1]] : [];
        var next = _starts.AsSpan(0, sizes.Length).ToArray();
        foreach (var (a, b, faces) in borders.Pairs)
        {
            Put(next[a]++, b, faces);
            Put(next[b]++, a, faces);
        }

        void Put(int place, int neighbour, long faces)
        {
            _neighbours[place] = neighbour;
            if (borders.CountsFaces)
                _faces[place] = faces;
        }
    }

    /// <summary>Number of segments, joined ones included.</summary>
    public int Count => _sizes.Length - 1;

    /// <summary>Dimensions of an embedding; 0 = none are known.</summary>
    public int Dimensions { get; }

    /// <summary>The graph of a label image.</summary>
    /// <param name="labels">Segments, numbered from 1 by first voxel without gaps; 0 = background, which borders on nothing.</param>
    /// <param name="count">Number of segments.</param>
    /// <param name="embeddings">[D, H, W, E]; null = none are known.</param>
    /// <param name="withBorders">Whether borders are wanted.</param>
    public static SegmentGraph Of(Volume<int> labels, int count, Volume<float>? embeddings, bool withBorders = true)
    {
        var dimensions = embeddings?.Channels ?? 0;
        var (sizes, sums, borders) = (new long[count + 1], new double[(long)(count + 1) * dimensions], new BorderTable(countsFaces: dimensions == 0));
        for (var i = 0; i < labels.Data.Length; i++)
        {
            if (labels.Data[i] is var s && s == 0)
                continue;
            sizes[s]++;
            if (dimensions > 0)
                ExactSums.Add(sums.AsSpan(s * dimensions, dimensions), embeddings!.Data.AsSpan(i * dimensions, dimensions));
        }

        if (withBorders)
            borders.Add(labels.Data, VoxelBox.Of(labels), VoxelBox.Of(labels));
        return new SegmentGraph(sizes, sums, dimensions, borders);
    }

    /// <summary>Voxels of a segment and of what has been absorbed.</summary>
    public long Size(int segment) => _sizes[segment];

    /// <summary>The mean embedding of a segment and of what has been absorbed.</summary>
    public double[] Mean(int segment) => [.. Enumerable.Range(segment * Dimensions, Dimensions).Select(i => _sums[i] / _sizes[segment])];

    /// <summary>The largest segment, of equally large ones the first; 0 where there is none.</summary>
    public int Largest
    {
        get
        {
            var largest = 0;
            for (var s = 1; s <= Count; s++)
                largest = largest == 0 || _sizes[s] > _sizes[largest] ? s : largest;
            return largest;
        }
    }

    /// <summary>Whether a segment has not been given to another one.</summary>
    public bool IsFree(int segment) => _target[segment] == segment;

    /// <summary>The segment that a segment has been given to, in the end; a free one is its own.</summary>
    public int Root(int segment)
    {
        while (_target[segment] != segment)
            segment = _target[segment] = _target[_target[segment]];
        return segment;
    }

    /// <summary>Of the mean embeddings.</summary>
    public double SquaredDistance(int a, int b)
    {
        var squared = 0.0;
        for (var e = 0; e < Dimensions; e++)
        {
            var difference = _sums[a * Dimensions + e] / _sizes[a] - _sums[b * Dimensions + e] / _sizes[b];
            squared += difference * difference;
        }

        return squared;
    }

    /// <summary>The neighbours that a segment had in the beginning.</summary>
    public ReadOnlySpan<int> FirstNeighbours(int segment) => _neighbours.AsSpan(_starts[segment].._starts[segment + 1]);

    /// <summary>The faces that a segment shares with a neighbour of <see cref="FirstNeighbours"/>; 0 where they are not counted: with embeddings.</summary>
    public long FirstFaces(int segment, int index) => _faces.Length > 0 ? _faces[_starts[segment] + index] : 0;

    /// <summary>
    /// The neighbours of a free segment in ascending order, absorbed ones under the name of what they belong to, and the shared faces (0 where they are not counted).
    /// Good until the next call.
    /// </summary>
    public ReadOnlySpan<(int Neighbour, long Faces)> Borders(int segment)
    {
        _borders.Clear();
        var neighbours = Neighbours(segment);
        for (var i = 0; i < neighbours.Length; i++)
            if (Root(neighbours[i]) is var neighbour && neighbour != segment)
                _borders.Add((neighbour, Faces(segment, i)));
        var borders = CollectionsMarshal.AsSpan(_borders);
        borders.Sort(static (a, b) => a.Neighbour.CompareTo(b.Neighbour));
        var kept = 0;
        foreach (var border in borders)
            if (kept > 0 && borders[kept - 1].Neighbour == border.Neighbour)
                borders[kept - 1].Faces += border.Faces;
            else
                borders[kept++] = border;
        return borders[..kept];
    }

    /// <summary>
    /// The neighbours of a free segment under the names that they had when they came; some may be one by now, belong to the segment itself, or be listed twice. What
    /// the segment absorbs is added at the end, until the list is put in order again (<see cref="Order"/>).
    /// </summary>
    public ReadOnlySpan<int> Neighbours(int segment) =>
        Joined(segment) is { } joined ? CollectionsMarshal.AsSpan(joined.Neighbours) : FirstNeighbours(segment);

    /// <summary>How often the list of a segment's neighbours has been put in order.</summary>
    public int Order(int segment) => Joined(segment)?.Order ?? 0;

    /// <summary>Gives a free segment to another one, which keeps its own size, mean and borders.</summary>
    public void Assign(int target, int segment) => _target[segment] = target;

    /// <summary>Gives a free segment to another one together with its size, sum and borders.</summary>
    public void Absorb(int target, int segment)
    {
        if (_joined.Length == 0)
            _joined = new JoinedBorders?[_sizes.Length];
        var joined = _joined[target] ??= new JoinedBorders(this, target);
        var added = Neighbours(segment);
        for (var i = 0; i < added.Length; i++)
            joined.Add(added[i], Faces(segment, i));
        _joined[segment] = null;
        Assign(target, segment);
        _sizes[target] += _sizes[segment];
        _sizes[segment] = 0;
        for (var e = 0; e < Dimensions; e++)
        {
            _sums[target * Dimensions + e] += _sums[segment * Dimensions + e];
            _sums[segment * Dimensions + e] = 0;
        }

        if (joined.IsLong)
            joined.PutInOrder(Borders(target));
    }

    /// <summary>The graph of what has been joined, numbered by first voxel, and the number there of every segment of this one.</summary>
    public (SegmentGraph Graph, int[] Numbers) Joined()
    {
        var numbers = new int[_sizes.Length];
        var count = 0;
        for (var s = 1; s < numbers.Length; s++)
        {
            var root = Root(s);
            if (numbers[root] == 0)
                numbers[root] = ++count;
            numbers[s] = numbers[root];
        }

        var (sizes, sums, borders) = (new long[count + 1], new double[(count + 1) * Dimensions], new BorderTable(_faces.Length > 0));
        for (var s = 1; s < numbers.Length; s++)
        {
            sizes[numbers[s]] += _sizes[s];
            for (var e = 0; e < Dimensions; e++)
                sums[numbers[s] * Dimensions + e] += _sums[s * Dimensions + e];
            var neighbours = FirstNeighbours(s);
            for (var i = 0; i < neighbours.Length; i++)
                if (neighbours[i] > s && numbers[neighbours[i]] != numbers[s])
                    borders.Add(numbers[s], numbers[neighbours[i]], FirstFaces(s, i));
        }

        return (new SegmentGraph(sizes, sums, Dimensions, borders), numbers);
    }

    private JoinedBorders? Joined(int segment) => _joined.Length > 0 ? _joined[segment] : null;

    private long Faces(int segment, int index) => Joined(segment) is not { } joined ? FirstFaces(segment, index) : joined.Faces?[index] ?? 0;

    /// <summary>The borders of a segment that has absorbed others. Put in order when it has grown to twice its length, so that a large segment may absorb many small ones.</summary>
    private sealed class JoinedBorders
    {
        private const int Spare = 16;

        private int _ordered;

        public JoinedBorders(SegmentGraph graph, int segment)
        {
            Neighbours = [.. graph.FirstNeighbours(segment)];
            if (graph._faces.Length > 0)
                Faces = [.. graph._faces.AsSpan(graph._starts[segment]..graph._starts[segment + 1])];
            _ordered = Neighbours.Count;
        }

        public List<int> Neighbours { get; }

        public List<long>? Faces { get; }

        public int Order { get; private set; }

        public bool IsLong => Neighbours.Count > 2 * _ordered + Spare;

        public void Add(int neighbour, long faces)
        {
            Neighbours.Add(neighbour);
            Faces?.Add(faces);
        }

        public void PutInOrder(ReadOnlySpan<(int Neighbour, long Faces)> borders)
        {
            Neighbours.Clear();
            Faces?.Clear();
            foreach (var (neighbour, faces) in borders)
                Add(neighbour, faces);
            _ordered = borders.Length;
            Order++;
        }
    }
}
