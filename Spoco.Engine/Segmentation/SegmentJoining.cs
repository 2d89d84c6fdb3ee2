namespace Spoco.Engine.Segmentation;

/// <summary>
/// What becomes of the segments of a clustering: fragments join a neighbour, similar neighbours are joined, the largest and the small are dropped, and what
/// is left is numbered. Needs sizes, sums and borders alone, not the image.
/// </summary>
internal static class SegmentJoining
{
    /// <summary>Whether segments are joined at all, so that borders and embeddings have to be known.</summary>
    public static bool Joins(InstanceSegmentationOptions options) => JoinsFragments(options) || options.MergeDistance > 0;

    /// <summary>The label of every segment: from 1, by first voxel; 0 = dropped. Index 0 stays 0.</summary>
    /// <param name="graph">The segments, numbered by first voxel.</param>
    /// <param name="options">Choices.</param>
    /// <param name="cancellation">Stops between segments.</param>
    public static int[] Labels(SegmentGraph graph, InstanceSegmentationOptions options, CancellationToken cancellation)
    {
        var numbers = Enumerable.Range(0, graph.Count + 1).ToArray();
        if (JoinsFragments(options))
        {
            FragmentMerging.Merge(graph, options.SizeFloor, cancellation: cancellation);
            Take(graph.Joined());
        }

        if (options.MergeDistance > 0)
        {
            SimilarMerging.Merge(graph, options.MergeDistance, cancellation);
            Take(graph.Joined());
        }

        var labels = Number(graph, options);
        return Array.ConvertAll(numbers, n => labels[n]);

        void Take((SegmentGraph Graph, int[] Numbers) joined)
        {
            numbers = Array.ConvertAll(numbers, n => joined.Numbers[n]);
            graph = joined.Graph;
        }
    }

    private static bool JoinsFragments(InstanceSegmentationOptions options) => options.SizeFloor > 1 && options.MergeFragments;

    private static int[] Number(SegmentGraph graph, InstanceSegmentationOptions options)
    {
        var largest = options.RemoveLargest ? graph.Largest : 0;
        var labels = new int[graph.Count + 1];
        var count = 0;
        for (var s = 1; s < labels.Length; s++)
            labels[s] = s != largest && graph.Size(s) >= options.SizeFloor ? ++count : 0;
        return labels;
    }
}
