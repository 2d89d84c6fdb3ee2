using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// A problem for the <see cref="MutexWatershed"/>: any graph, with exclusions that hold from the start. Priorities: larger = earlier, for both kinds.
/// Edge ids, which order equal priorities: attractive edges in list order, then repulsive edges in list order. Loops have no effect;
/// edges may repeat.
/// Whoever has contracted a larger problem in parts hands over what is left in this form.
/// </summary>
public sealed record MutexGraph
{
    /// <summary>Number of nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>Ends of the attractive edges: u0, v0, u1, v1, ...</summary>
    public ReadOnlyMemory<int> Attractive { get; init; }

    /// <summary>One per attractive edge: larger = joined earlier.</summary>
    public ReadOnlyMemory<float> AttractivePriorities { get; init; }

    /// <summary>Ends of the repulsive edges.</summary>
    public ReadOnlyMemory<int> Repulsive { get; init; }

    /// <summary>One per repulsive edge: larger = excluded earlier.</summary>
    public ReadOnlyMemory<float> RepulsivePriorities { get; init; }

    /// <summary>Ends of pairs that exclude each other from the start.</summary>
    public ReadOnlyMemory<int> Mutexes { get; init; }

    /// <summary>Given segments, one seed per node: nodes of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</summary>
    public ReadOnlyMemory<int> Seeds { get; init; }

    internal void Validate()
    {
        if (Nodes < 0)
            throw new ArgumentException($"MutexWatershed: the number of nodes must not be negative, got {Nodes}.");
        CheckEdges("attractive", Attractive.Span, AttractivePriorities.Span);
        CheckEdges("repulsive", Repulsive.Span, RepulsivePriorities.Span);
        CheckEnds("mutex", Mutexes.Span);
        if (Mutexes.Length % 2 != 0)
            throw new ArgumentException($"MutexWatershed: mutexes need two ends each, got {Mutexes.Length} ends.");
        if (!Seeds.IsEmpty && Seeds.Length != Nodes)
            throw new ArgumentException($"MutexWatershed: {Seeds.Length} seeds do not fit {Nodes} nodes.");
        if ((long)AttractivePriorities.Length + RepulsivePriorities.Length + Mutexes.Length / 2 > Array.MaxLength)
            throw new ArgumentException("MutexWatershed: there are more edges than one array holds; contract the graph in parts.");
    }

    internal MutexEdge[] ToEdges()
    {
        var first = AttractivePriorities.Length;
        var mutexes = first + RepulsivePriorities.Length;
        var edges = new MutexEdge[mutexes + Mutexes.Length / 2];
        Write(Attractive.Span, AttractivePriorities.Span, 0, edges);
        Write(Repulsive.Span, RepulsivePriorities.Span, first, edges.AsSpan(first));
        var pairs = Mutexes.Span;
        for (var e = 0; e < pairs.Length / 2; e++)
            edges[mutexes + e] = new MutexEdge(pairs[2 * e], pairs[2 * e + 1], EdgeKey.Mutex, 0);
        return edges;
    }

    private static void Write(ReadOnlySpan<int> ends, ReadOnlySpan<float> priorities, int firstId, Span<MutexEdge> edges)
    {
        for (var e = 0; e < priorities.Length; e++)
            edges[e] = new MutexEdge(ends[2 * e], ends[2 * e + 1], EdgeKey.Of(priorities[e], (uint)(firstId + e)), 0);
    }

    private void CheckEdges(string kind, ReadOnlySpan<int> ends, ReadOnlySpan<float> priorities)
    {
        if (ends.Length != 2L * priorities.Length)
            throw new ArgumentException(
                $"MutexWatershed: {priorities.Length} {kind} priorities need {2L * priorities.Length} ends, got {ends.Length}.");
        CheckEnds(kind, ends);
        for (var e = 0; e < priorities.Length; e++)
            if (!float.IsFinite(priorities[e]))
                throw new ArgumentException($"MutexWatershed: the priority of {kind} edge {e} is {priorities[e]}; it must be finite.");
    }

    private void CheckEnds(string kind, ReadOnlySpan<int> ends)
    {
        for (var i = 0; i < ends.Length; i++)
            if ((uint)ends[i] >= (uint)Nodes)
                throw new ArgumentException($"MutexWatershed: {kind} edge {i / 2} ends at node {ends[i]}, the graph has nodes 0 to {Nodes - 1}.");
    }
}
