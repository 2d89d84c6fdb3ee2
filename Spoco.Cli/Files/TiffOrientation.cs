using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// Where stored rows are in the picture, as the orientation tag says: it names the side of the picture where the first row is, then that where the
/// first column is, from 1 (top, left) by way of 3 (bottom, right) to 8 (left, bottom). From 5 on rows are stored as columns.
/// </summary>
/// <param name="Tag">What the tag says; 1 for rows as they are.</param>
internal readonly record struct TiffOrientation(int Tag)
{
    private const int TopRight = 2, BottomRight = 3, BottomLeft = 4, RightTop = 6, RightBottom = 7, LeftBottom = 8, LeftTop = 5;

    /// <summary>Whether a stored row is a column of the picture.</summary>
    public bool RowsAreColumns => Tag >= LeftTop;

    private bool FlipsY => Tag is BottomRight or BottomLeft or RightBottom or LeftBottom;

    private bool FlipsX => Tag is TopRight or BottomRight or RightTop or RightBottom;

    /// <summary>Where a box of the picture is stored.</summary>
    /// <param name="box">The box.</param>
    /// <param name="whole">All of the picture.</param>
    public VoxelBox Stored(VoxelBox box, VoxelBox whole)
    {
        var y = FlipsY ? whole.Height - box.Y - box.Height : box.Y;
        var x = FlipsX ? whole.Width - box.X - box.Width : box.X;
        return RowsAreColumns
            ? new VoxelBox(box.Z, x, y, box.Depth, box.Width, box.Height) : new VoxelBox(box.Z, y, x, box.Depth, box.Height, box.Width);
    }

    /// <summary>Where a pixel is in a box of the picture, and how far it is from there to the next one of the stored row.</summary>
    /// <param name="box">The box of the picture.</param>
    /// <param name="z">The pixel's slice, counted from the stored box.</param>
    /// <param name="row">Its row.</param>
    /// <param name="column">Its column.</param>
    /// <returns>Both in voxels of the box.</returns>
    public (long First, int Step) Place(VoxelBox box, int z, int row, int column)
    {
        var (y, x) = RowsAreColumns ? (column, row) : (row, column);
        y = FlipsY ? box.Height - 1 - y : y;
        x = FlipsX ? box.Width - 1 - x : x;
        var step = RowsAreColumns ? FlipsY ? -box.Width : box.Width : FlipsX ? -1 : 1;
        return (((long)z * box.Height + y) * box.Width + x, step);
    }
}
