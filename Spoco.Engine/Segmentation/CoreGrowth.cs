namespace Spoco.Engine.Segmentation;

/// <summary>
/// Grows objects from their cores, where the foreground is sure, to where it is likely. From the probability at which cores begin down to the one at which objects
/// end there are four equal steps. On each, eight times, all free voxels of at least that probability that share a face with an object join it: that of the likeliest
/// such neighbour, of equally likely ones the first. So a voxel depends on nothing further than <see cref="Reach"/> away: parts of an image grow as the whole does. Ours.
/// </summary>
public static class CoreGrowth
{
    private const int Steps = 4;
    private const int Rounds = 8;

    /// <summary>How far objects grow at most, counted in faces.</summary>
    public const int Reach = Steps * Rounds;

    /// <summary>Probability from which a voxel belongs to a core, half-way between that of the objects and 1.</summary>
    public static double CoreThreshold(double threshold) => (1 + threshold) / 2;

    /// <summary>Lets the cores grow over voxels whose probability reaches the threshold.</summary>
    /// <param name="cores">Labels; 0 = free.</param>
    /// <param name="probability">That a voxel belongs to an object.</param>
    /// <param name="threshold">Voxels below it stay free.</param>
    /// <returns>The grown labels; cores stay.</returns>
    /// <exception cref="ArgumentException">Sizes differ, a volume has several channels, or the threshold is not within 0 .. 1.</exception>
    public static Volume<int> Grow(Volume<int> cores, Volume<float> probability, double threshold)
    {
        ArgumentNullException.ThrowIfNull(cores);
        ArgumentNullException.ThrowIfNull(probability);
        LabelImage.CheckSingleChannel(cores, "CoreGrowth");
        LabelImage.CheckSingleChannel(probability, "CoreGrowth");
        LabelImage.CheckFits(cores, probability, "CoreGrowth", "the probability");
        CheckThreshold(threshold);
        var labels = (int[])cores.Data.Clone();
        Grow(labels, probability.Data, VoxelBox.Of(cores), threshold);
        return LabelImage.Like(cores, labels);
    }

    /// <exception cref="ArgumentException">The threshold is not within 0 .. 1.</exception>
    internal static void CheckThreshold(double threshold)
    {
        if (threshold is not (>= 0 and <= 1))
            throw new ArgumentException($"CoreGrowth: the threshold must be in [0, 1], got {threshold}.");
    }

    /// <summary>Grows the cores of a box, in place.</summary>
    internal static void Grow(Span<int> labels, ReadOnlySpan<float> probability, VoxelBox box, double threshold)
    {
        var free = new List<int>();
        for (var i = 0; i < labels.Length; i++)
            if (labels[i] == 0 && probability[i] >= threshold)
                free.Add(i);
        var joined = new List<(int Voxel, int Label)>();
        for (var step = 1; step <= Steps && free.Count > 0; step++)
        {
            var least = step == Steps ? threshold : CoreThreshold(threshold) - (CoreThreshold(threshold) - threshold) * step / Steps;
            for (var round = 0; round < Rounds; round++)
            {
                joined.Clear();
                var kept = 0;
                for (var f = 0; f < free.Count; f++)
                {
                    var i = free[f];
                    if (probability[i] >= least && Likeliest(labels, probability, box, i) is > 0 and var label)
                        joined.Add((i, label));
                    else
                        free[kept++] = i;
                }

                // All at once: what joins in a round is no neighbour yet.
                foreach (var (voxel, label) in joined)
                    labels[voxel] = label;
                free.RemoveRange(kept, free.Count - kept);
                if (joined.Count == 0)
                    break;
            }
        }
    }

    private static int Likeliest(ReadOnlySpan<int> labels, ReadOnlySpan<float> probability, VoxelBox box, int i)
    {
        var (row, slice) = (box.Width, box.Width * box.Height);
        var (z, y, x) = (i / slice, i / row % box.Height, i % row);
        var (label, best) = (0, float.NegativeInfinity);
        if (z > 0)
            Look(labels, probability, i - slice, ref label, ref best);
        if (y > 0)
            Look(labels, probability, i - row, ref label, ref best);
        if (x > 0)
            Look(labels, probability, i - 1, ref label, ref best);
        if (x < box.Width - 1)
            Look(labels, probability, i + 1, ref label, ref best);
        if (y < box.Height - 1)
            Look(labels, probability, i + row, ref label, ref best);
        if (z < box.Depth - 1)
            Look(labels, probability, i + slice, ref label, ref best);
        return label;
    }

    private static void Look(ReadOnlySpan<int> labels, ReadOnlySpan<float> probability, int i, ref int label, ref float best)
    {
        if (labels[i] != 0 && probability[i] > best)
            (label, best) = (labels[i], probability[i]);
    }
}
