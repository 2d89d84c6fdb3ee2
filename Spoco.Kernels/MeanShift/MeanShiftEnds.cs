using System.Runtime.InteropServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Where seeds ended: every mean once, with what the last of the seeds that ended there, by its number, had in its ball.</summary>
/// <param name="dimensions">Components of a mean, d.</param>
internal sealed class MeanShiftEnds(int dimensions)
{
    private readonly List<double> _means = [];
    private readonly List<(int Count, int Seed)> _ends = [];

    /// <summary>Means.</summary>
    public int Count => _ends.Count;

    /// <summary>Mean number i.</summary>
    public ReadOnlySpan<double> Mean(int i) => CollectionsMarshal.AsSpan(_means).Slice(i * dimensions, dimensions);

    /// <summary>Points in the ball whose mean it is, and the seed that had them.</summary>
    public (int Count, int Seed) End(int i) => _ends[i];

    /// <summary>Adds a mean that is not there yet.</summary>
    public int Add(ReadOnlySpan<double> mean, int count, int seed)
    {
        _means.AddRange(mean);
        _ends.Add((count, seed));
        return _ends.Count - 1;
    }

    /// <summary>Another seed ended at a mean.</summary>
    public void Meet(int i, int count, int seed)
    {
        if (seed > _ends[i].Seed)
            _ends[i] = (count, seed);
    }

    /// <summary>The ends of several, each mean once.</summary>
    public static MeanShiftEnds Merge(int dimensions, MeanShiftEnds[] parts)
    {
        if (parts.Length == 1)
            return parts[0];
        var (merged, means) = (new MeanShiftEnds(dimensions), new MeanTable(dimensions));
        foreach (var part in parts)
        {
            for (var i = 0; i < part.Count; i++)
            {
                var (count, seed) = part.End(i);
                var number = means.NumberOf(part.Mean(i));
                if (number == merged.Count)
                    merged.Add(part.Mean(i), count, seed);
                else
                    merged.Meet(number, count, seed);
            }
        }

        return merged;
    }
}
