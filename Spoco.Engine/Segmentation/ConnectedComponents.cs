namespace Spoco.Engine.Segmentation;

/// <summary>Connected components: neighbouring voxels of equal, non-zero value form one. Numbered from 1 by first voxel; 0 stays 0.</summary>
public static class ConnectedComponents
{
    /// <summary>The components of a foreground mask (0 = background, every other value = foreground).</summary>
    /// <exception cref="ArgumentException">The mask has several channels.</exception>
    public static Volume<int> OfMask(Volume<byte> mask, Connectivity connectivity = Connectivity.Faces)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return OfLabels(new Volume<int>([.. mask.Data.Select(m => m == 0 ? 0 : 1)], mask.Depth, mask.Height, mask.Width, mask.Channels)
        {
            VoxelSize = mask.VoxelSize,
        }, connectivity);
    }

    /// <summary>The components of a label image: a label in several pieces becomes several labels.</summary>
    /// <exception cref="ArgumentException">The label image has several channels.</exception>
    public static Volume<int> OfLabels(Volume<int> labels, Connectivity connectivity = Connectivity.Faces)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelImage.CheckSingleChannel(labels, "ConnectedComponents");
        var values = labels.Data;
        var sets = new DisjointSets(values.Length);
        var neighbourhood = new Neighbourhood(labels.Depth, labels.Height, labels.Width, connectivity, precedingOnly: true);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] == 0)
                continue;
            foreach (var j in neighbours[..neighbourhood.Of(i, neighbours)])
                if (values[j] == values[i])
                    sets.Union(i, j);
        }

        var components = new int[values.Length];
        var count = 0;
        for (var i = 0; i < values.Length; i++)
            if (values[i] != 0)
                components[i] = sets.Find(i) is var root && root == i ? ++count : components[root];
        return LabelImage.Like(labels, components);
    }
}
