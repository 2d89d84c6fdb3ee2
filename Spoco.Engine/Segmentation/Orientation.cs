using Spoco.Kernels;

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

    /// <summary>The inverse of <see cref="Apply{T}(Volume{T})"/>.</summary>
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

    /// <summary>The step between two voxels in the image laid this way.</summary>
    public VoxelOffset Apply(VoxelOffset offset)
    {
        var (y, x) = Transpose ? (offset.X, offset.Y) : (offset.Y, offset.X);
        return new VoxelOffset(offset.Z, FlipY ? -y : y, FlipX ? -x : x);
    }

    /// <summary>How a box of an image lies in memory, laid this way, and where the results of a part of it belong in the part as it is.</summary>
    /// <param name="box">The part of the image that lies in memory.</param>
    /// <param name="part">A box within it.</param>
    /// <param name="channels">Values of a voxel.</param>
    internal LaidImage Lay(VoxelBox box, VoxelBox part, int channels)
    {
        var whole = Apply(box with { Z = 0, Y = 0, X = 0 }, box.Height, box.Width);
        var laid = Apply(part with { Z = part.Z - box.Z, Y = part.Y - box.Y, X = part.X - box.X }, box.Height, box.Width);
        var origin = Result(laid, part, 0, 0);
        return new LaidImage
        {
            Shape = new TensorShape(1, whole.Depth, whole.Height, whole.Width, channels), First = new PixelOffset(laid.Z, laid.Y, laid.X),
            Part = new TensorShape(1, laid.Depth, laid.Height, laid.Width, 1), Origin = origin, Row = Result(laid, part, 1, 0) - origin, Column = Result(laid, part, 0, 1) - origin,
        };
    }

    /// <summary>Which voxel of a slice of the part is the one at (y, x) of the part laid this way.</summary>
    private int Result(VoxelBox laid, VoxelBox part, int y, int x)
    {
        var (a, b) = (FlipY ? laid.Height - 1 - y : y, FlipX ? laid.Width - 1 - x : x);
        return Transpose ? b * part.Width + a : a * part.Width + b;
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
