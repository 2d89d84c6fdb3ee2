namespace Spoco.Kernels.Primitives;

/// <summary>A list of edges in one segment per worker: each shrinks its own in place, without a common counter.</summary>
internal sealed unsafe class MutexTreeEdgesHost(MutexEdge* edges, int segments)
{
    private readonly long[] _starts = new long[segments];
    private readonly int[] _counts = new int[segments];

    /// <summary>The memory of all segments.</summary>
    public MutexEdge* Edges { get; } = edges;

    /// <summary>Edges in all segments.</summary>
    public long Total => _counts.Sum(c => (long)c);

    /// <summary>Where a segment starts.</summary>
    public long Start(int segment) => _starts[segment];

    /// <summary>Edges of a segment.</summary>
    public int Count(int segment) => _counts[segment];

    /// <summary>The share of a segment in <paramref name="count"/> things.</summary>
    public (long From, long Until) Split(int segment, long count) => (count * segment / segments, count * (segment + 1) / segments);

    /// <summary>Places a segment.</summary>
    public void Set(int segment, long start, int count) => (_starts[segment], _counts[segment]) = (start, count);
}
