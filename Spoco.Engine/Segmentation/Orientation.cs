namespace Spoco.Engine.Segmentation;

/// <summary>One of the eight ways to lay an image's rows and columns: transposed or not, then each axis flipped or not. Slices stay in order.</summary>
/// <param name="Transpose">Rows become columns, first.</param>
/// <param name="FlipY">Rows in reverse order, then.</param>
/// <param name="FlipX">Columns in reverse order, then.</param>
public readonly record struct Orientation(bool Transpose, bool FlipY, bool FlipX)
{
    /// <summary>The first <paramref name="count"/> orientations: as it is, flips, then the transposed ones.</summary>
    /// <exception cref="ArgumentException">Not 1, 2, 4 or 8.</exception>
    public static IReadOnlyList<Orientation> First(int count)
    {
        if (count is not (1 or 2 or 4 or 8))
            throw new ArgumentException($"Orientation: expected 1, 2, 4 or 8 orientations, got {count}.");
        return [.. Enumerable.Range(0, count).Select(i => new Orientation(i >= 4, (i & 2) != 0, (i & 1) != 0))];
    }

    /// <summary>The volume laid this way.</summary>
    public Volume<T> Apply<T>(Volume<T> volume) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(volume);
        return Map(volume, Transpose ? volume.Width : volume.Height, Transpose ? volume.Height : volume.Width, undo: false);
    }

    /// <summary>The inverse of <see cref="Apply"/>.</summary>
    public Volume<T> Undo<T>(Volume<T> volume) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(volume);
        return Map(volume, Transpose ? volume.Width : volume.Height, Transpose ? volume.Height : volume.Width, undo: true);
    }

    /// <summary>Where a box of an image of these extents lies in the image laid this way.</summary>
    public VoxelBox Apply(VoxelBox box, int height, int width)
    {
        var turned = Transpose ? box with { Y = box.X, X = box.Y, Height = box.Width, Width = box.Height } : box;
        return Flip(turned, Transpose ? width : height, Transpose ? height : width);
    }

    /// <summary>The inverse of <see cref="Apply(VoxelBox, int, int)"/>; the extents are those of the image laid this way.</summary>
    public VoxelBox Undo(VoxelBox box, int height, int width)
    {
        var plain = Flip(box, height, width);
        return Transpose ? plain with { Y = plain.X, X = plain.Y, Height = plain.Width, Width = plain.Height } : plain;
    }

    private VoxelBox Flip(VoxelBox box, int height, int width) =>
        box with { Y = FlipY ? height - box.Y - box.Height : box.Y, X = FlipX ? width - box.X - box.Width : box.X };

    private Volume<T> Map<T>(Volume<T> from, int height, int width, bool undo) where T : unmanaged
    {
        if (this == default)
            return from;
        var to = new Volume<T>(from.Depth, height, width, from.Channels) { VoxelSize = from.VoxelSize };

        // Laid height and width: of the result when applying, of the source when undoing.
        var (h, w) = undo ? (from.Height, from.Width) : (height, width);
        for (var z = 0; z < from.Depth; z++)
        {
            for (var y = 0; y < h; y++)
            {
                for (var x = 0; x < w; x++)
                {
                    var (a, b) = (FlipY ? h - 1 - y : y, FlipX ? w - 1 - x : x);
                    var (plainY, plainX) = Transpose ? (b, a) : (a, b);
                    var laid = ((z * h + y) * w + x) * from.Channels;
                    var plain = undo ? ((z * height + plainY) * width + plainX) * from.Channels : ((z * from.Height + plainY) * from.Width + plainX) * from.Channels;
                    var (source, target) = undo ? (laid, plain) : (plain, laid);
                    from.Data.AsSpan(source, from.Channels).CopyTo(to.Data.AsSpan(target));
                }
            }
        }

        return to;
    }
}
