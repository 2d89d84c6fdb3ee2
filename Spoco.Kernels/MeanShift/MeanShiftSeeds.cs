using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Where mean-shift starts, as scikit-learn's get_bin_seeds has it, in its order.</summary>
internal sealed class MeanShiftSeeds
{
    private MeanShiftSeeds(float[] values, int[] points) => (Values, Points) = (values, points);

    /// <summary>[seeds, d].</summary>
    public float[] Values { get; }

    /// <summary>[seeds]: the first point of each seed's cell, or the point that is the seed.</summary>
    public int[] Points { get; }

    /// <summary>Seeds.</summary>
    public int Count => Points.Length;

    /// <summary>
    /// The centres of the cells of a grid with edge h that hold enough points: round(x / h) h in single precision, halves to even, in the order of their first points. The points
    /// themselves where that is asked for, or where there are as many such cells as points.
    /// </summary>
    public static MeanShiftSeeds Of(HostScratch scratch, in MeanShiftProblem problem, ReadOnlyMemory<float> points)
    {
        if (problem.BinSeeding && OfCells(scratch, problem, points) is { } seeds && seeds.Count != problem.Points)
            return seeds;
        var numbers = new int[problem.Points];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = i;
        return new MeanShiftSeeds(points.ToArray(), numbers);
    }

    /// <summary>The numbers of all seeds, in the order in which their points lie in a tree.</summary>
    public unsafe int[] InOrderOf(PointTree tree)
    {
        var seedOf = new int[tree.Count];
        Array.Fill(seedOf, -1);
        for (var k = 0; k < Count; k++)
            seedOf[Points[k]] = k;
        var order = new int[Count];
        for (int slot = 0, k = 0; slot < tree.Slots; slot++)
        {
            if (tree.Numbers[slot] is var point && point >= 0 && seedOf[point] >= 0)
                order[k++] = seedOf[point];
        }

        return order;
    }

    private static MeanShiftSeeds OfCells(HostScratch scratch, MeanShiftProblem problem, ReadOnlyMemory<float> points)
    {
        var (n, d, edge) = (problem.Points, problem.Dimensions, (float)problem.Bandwidth);
        var hashes = new ulong[n];
        scratch.Run(n, (from, until, _) =>
        {
            for (var i = from; i < until; i++)
                hashes[i] = Hash(points.Span.Slice(i * d, d), edge);
        });

        // Cells by open addressing, each as the first point in it.
        var slots = new int[BitOperations.RoundUpToPowerOf2((uint)n * 2)];
        var counts = new int[n];
        Array.Fill(slots, -1);
        var values = points.Span;
        for (var i = 0; i < n; i++)
        {
            var slot = (int)(hashes[i] & (uint)(slots.Length - 1));
            while (slots[slot] is var first && first >= 0 && !(hashes[first] == hashes[i] && AreTogether(values.Slice(first * d, d), values.Slice(i * d, d), edge)))
                slot = (slot + 1) & (slots.Length - 1);
            if (slots[slot] < 0)
                slots[slot] = i;
            counts[slots[slot]]++;
        }

        // Points that are not the first of their cell have no count, and a cell of none is none.
        var least = Math.Max(1, problem.MinBinFrequency);
        var chosen = new int[counts.Count(c => c >= least)];
        for (int i = 0, k = 0; i < n; i++)
        {
            if (counts[i] >= least)
                chosen[k++] = i;
        }

        var seeds = new float[(long)chosen.Length * d];
        for (var k = 0; k < chosen.Length; k++)
        {
            for (var c = 0; c < d; c++)
                seeds[k * d + c] = Cell(values[chosen[k] * d + c], edge) * edge;
        }

        return new MeanShiftSeeds(seeds, chosen);
    }

    private static float Cell(float value, float edge) => MathF.Round(value / edge);

    private static bool AreTogether(ReadOnlySpan<float> one, ReadOnlySpan<float> other, float edge)
    {
        for (var c = 0; c < one.Length; c++)
        {
            if (Cell(one[c], edge) != Cell(other[c], edge))
                return false;
        }

        return true;
    }

    private static ulong Hash(ReadOnlySpan<float> point, float edge)
    {
        var hash = 0ul;
        foreach (var value in point)
        {
            // + 0 turns -0 into 0.
            hash = (hash ^ BitConverter.SingleToUInt32Bits(Cell(value, edge) + 0f)) * 0x9E37_79B9_7F4A_7C15;
            hash ^= hash >> 32;
        }

        return hash;
    }
}
