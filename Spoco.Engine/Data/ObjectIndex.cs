using System.Numerics;
using System.Runtime.InteropServices;

namespace Spoco.Engine.Data;

/// <summary>Finds the objects of a label image that arrives slab by slab, in one pass.</summary>
/// <param name="ignored">A label that is no object, besides those below 1.</param>
/// <param name="background">Another.</param>
internal sealed class ObjectIndex(int? ignored = null, int? background = null)
{
    private readonly Dictionary<int, LabelledObject> _found = [];

    /// <summary>The objects of a label image.</summary>
    public static IReadOnlyList<LabelledObject> Of(Volume<int> labels, int? ignored = null, int? background = null)
    {
        var index = new ObjectIndex(ignored, background);
        index.Add(labels, VoxelBox.Of(labels));
        return index.Objects;
    }

    /// <summary>The objects by label.</summary>
    public IReadOnlyList<LabelledObject> Objects => [.. _found.Values.OrderBy(o => o.Label)];

    /// <summary>Takes the labels of a box; boxes come in scan order.</summary>
    public void Add(Volume<int> labels, VoxelBox box)
    {
        for (var i = 0; i < labels.Data.Length; i++)
        {
            var label = labels.Data[i];
            if (label <= 0 || label == ignored || label == background || label == LabelRule.Background)
                continue;
            ref var found = ref CollectionsMarshal.GetValueRefOrAddDefault(_found, label, out _);
            var voxels = found.Voxels + 1;
            // The last power of two lies in the second half of the object's voxels, wherever the scan ends.
            found = BitOperations.IsPow2(voxels)
                ? new LabelledObject(label, voxels, box.Z + i / (box.Height * box.Width), box.Y + i / box.Width % box.Height, box.X + i % box.Width)
                : found with { Voxels = voxels };
        }
    }
}
