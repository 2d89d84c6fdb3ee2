using System.Runtime.InteropServices;

namespace Spoco.Engine.Segmentation;

/// <summary>What the operations on label images share: checks, sizes, a result of the same extents.</summary>
internal static class LabelImage
{
    public static void CheckSingleChannel<T>(Volume<T> volume, string operation) where T : unmanaged
    {
        if (volume.Channels != 1)
            throw new ArgumentException($"{operation}: one value per voxel is needed, got {volume}.");
    }

    public static void CheckFits<T, TOther>(Volume<T> volume, Volume<TOther>? other, string operation, string name)
        where T : unmanaged where TOther : unmanaged
    {
        if (other is not null && !volume.HasExtentsOf(other))
            throw new ArgumentException($"{operation}: {name} ({other}) must have the size of the labels or image ({volume}).");
    }

    public static Volume<int> Like<T>(Volume<T> model, int[] values) where T : unmanaged =>
        new(values, model.Depth, model.Height, model.Width) { VoxelSize = model.VoxelSize };

    public static Volume<int> Map(Volume<int> labels, Func<int, int> map) => Like(labels, Array.ConvertAll(labels.Data, v => map(v)));

    /// <summary>Voxels per label, without label 0.</summary>
    public static Dictionary<int, long> Sizes(Volume<int> labels)
    {
        var sizes = new Dictionary<int, long>();
        var values = labels.Data;
        for (var i = 0; i < values.Length;)
        {
            var (label, start) = (values[i], i);
            while (++i < values.Length && values[i] == label)
            {
            }
            if (label != 0)
                CollectionsMarshal.GetValueRefOrAddDefault(sizes, label, out _) += i - start;
        }
        return sizes;
    }
}
