using Spoco.Engine.Losses;

namespace Spoco.Engine.Data;

/// <summary>What training sees of the labels in a file.</summary>
public sealed record LabelRule
{
    /// <summary>The number that the background gets where 0 has to mean "not known".</summary>
    public const int Background = int.MaxValue;

    /// <summary>The label of voxels that are not known, besides what 0 means.</summary>
    public int? Ignored { get; init; }

    /// <summary>The label of voxels that are certain to be background, where 0 means not labelled.</summary>
    public int? BackgroundLabel { get; init; }

    /// <summary>
    /// Whether 0 is background although some voxels are not known: the background then is a labelled object called <see cref="Background"/>, and 0 stands for
    /// what is not known.
    /// </summary>
    public bool NamesBackground { get; init; }

    /// <summary>The objects that are known; null for all.</summary>
    public IReadOnlySet<int>? Kept { get; init; }

    /// <summary>Whether <paramref name="label"/> is an object that is known.</summary>
    public bool Keeps(int label) => label != 0 && label != Ignored && label != BackgroundLabel && (Kept is null || Kept.Contains(label));

    /// <summary>The labels as training sees them; the same volume where nothing changes.</summary>
    public Volume<int> Apply(Volume<int> labels)
    {
        if (Ignored is null && BackgroundLabel is null && Kept is null && !NamesBackground)
            return labels;
        var result = new Volume<int>(labels.Depth, labels.Height, labels.Width) { VoxelSize = labels.VoxelSize };
        var (previous, mapped) = (0, Map(0));
        for (var i = 0; i < result.Data.Length; i++)
        {
            var label = labels.Data[i];
            if (label != previous)
                (previous, mapped) = (label, Map(label));
            result.Data[i] = mapped;
        }

        return result;
    }

    private int Map(int label) => label == BackgroundLabel ? LabelBatch.Background
        : label == 0 ? Ignored != 0 && NamesBackground ? Background : 0 : Keeps(label) ? label : 0;
}
