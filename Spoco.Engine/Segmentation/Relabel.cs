namespace Spoco.Engine.Segmentation;

/// <summary>Labels numbered 1, 2, ... in order of their first voxel.</summary>
/// <param name="Labels">The renumbered image; 0 stays 0.</param>
/// <param name="Forward">Old label to new label; holds 0 to 0.</param>
/// <param name="Inverse">New label to old label; index 0 holds 0.</param>
public sealed record Relabelling(Volume<int> Labels, IReadOnlyDictionary<int, int> Forward, IReadOnlyList<int> Inverse)
{
    /// <summary>Number of segments.</summary>
    public int Count => Inverse.Count - 1;
}

/// <summary>Renumbers the labels of an image.</summary>
public static class Relabel
{
    /// <summary>Numbers the labels from 1 without gaps, by first voxel. Labels may be any integers; 0 = background stays.</summary>
    public static Relabelling Compact(Volume<int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelImage.CheckSingleChannel(labels, "Relabel");
        var forward = new Dictionary<int, int> { [0] = 0 };
        var inverse = new List<int> { 0 };
        var (last, lastNew) = (0, 0);
        var compact = LabelImage.Map(labels, label =>
        {
            if (label == last)
                return lastNew;
            if (!forward.TryGetValue(label, out var number))
            {
                forward[label] = number = inverse.Count;
                inverse.Add(label);
            }
            (last, lastNew) = (label, number);
            return number;
        });
        return new Relabelling(compact, forward, inverse);
    }
}
