namespace Spoco.Engine.Segmentation;

/// <summary>Fills the holes of segments.</summary>
public static class FillHoles
{
    /// <summary>
    /// Gives every connected piece of background that touches exactly one segment and not the image border to that segment. Pieces are
    /// connected, and touch, through faces; the border of a single slice in z does not count.
    /// </summary>
    public static Volume<int> Apply(Volume<int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelImage.CheckSingleChannel(labels, "FillHoles");
        var (depth, height, width) = (labels.Depth, labels.Height, labels.Width);
        var holes = ConnectedComponents.OfLabels(LabelImage.Map(labels, label => label == 0 ? 1 : 0)).Data;
        // Per piece: the one segment it touches, 0 = none yet, or open.
        const long Open = long.MinValue;
        var owner = new long[holes.Append(0).Max() + 1];
        var neighbourhood = new Neighbourhood(depth, height, width, Connectivity.Faces);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        for (var i = 0; i < holes.Length; i++)
        {
            if (holes[i] == 0)
                continue;
            ref var segment = ref owner[holes[i]];
            var (z, y, x) = (i / (height * width), i / width % height, i % width);
            if ((depth > 1 && (z == 0 || z == depth - 1)) || y == 0 || y == height - 1 || x == 0 || x == width - 1)
                segment = Open;
            foreach (var j in neighbours[..neighbourhood.Of(i, neighbours)])
                if (labels.Data[j] is var label && label != 0 && segment != label)
                    segment = segment == 0 ? label : Open;
        }
        return LabelImage.Like(labels, [.. labels.Data.Zip(holes, (label, hole) => hole == 0 || owner[hole] == Open ? label : (int)owner[hole])]);
    }
}
