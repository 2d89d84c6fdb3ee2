using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// Turns slices as the orientation tag says: it names the side of the picture where the first row is, then that where the first column is,
/// from 1 (top, left) by way of 3 (bottom, right) to 8 (left, bottom). From 5 on rows are stored as columns.
/// </summary>
internal static class TiffOrientation
{
    private const int TopRight = 2, BottomRight = 3, BottomLeft = 4, RightTop = 6, RightBottom = 7, LeftBottom = 8, LeftTop = 5;

    public static Volume<T> Apply<T>(Volume<T> stored, int orientation) where T : unmanaged
    {
        if (orientation is < TopRight or > LeftBottom)
            return stored;
        var columns = orientation >= LeftTop;
        var flipY = orientation is BottomRight or BottomLeft or RightBottom or LeftBottom;
        var flipX = orientation is TopRight or BottomRight or RightTop or RightBottom;
        var (height, width) = columns ? (stored.Width, stored.Height) : (stored.Height, stored.Width);
        var shown = new Volume<T>(stored.Depth, height, width, stored.Channels)
        {
            VoxelSize = columns && stored.VoxelSize is { } size ? new VoxelSize(size.Z, size.X, size.Y) : stored.VoxelSize,
        };
        for (var z = 0; z < stored.Depth; z++)
            for (var y = 0; y < height; y++)
                for (var x = 0; x < width; x++)
                {
                    var (down, across) = (flipY ? height - 1 - y : y, flipX ? width - 1 - x : x);
                    var (row, column) = columns ? (across, down) : (down, across);
                    for (var c = 0; c < stored.Channels; c++)
                        shown[z, y, x, c] = stored[z, row, column, c];
                }
        return shown;
    }
}
