namespace Spoco.Engine.Segmentation;

/// <summary>Drops the largest segment: in an image segmented without a foreground mask it is the background.</summary>
public static class RemoveLargest
{
    /// <summary>Sets the voxels of the largest segment to 0; of equally large ones the smallest label goes. Other labels stay.</summary>
    public static Volume<int> Apply(Volume<int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelImage.CheckSingleChannel(labels, "RemoveLargest");
        var largest = LabelImage.Sizes(labels).OrderByDescending(s => s.Value).ThenBy(s => s.Key).Select(s => s.Key).FirstOrDefault();
        return LabelImage.Map(labels, label => label == largest ? 0 : label);
    }
}
