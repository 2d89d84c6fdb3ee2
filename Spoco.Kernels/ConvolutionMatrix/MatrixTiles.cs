namespace Spoco.Kernels.Primitives;

/// <summary>Sizes of the tiles of matrix units.</summary>
internal static class MatrixTiles
{
    /// <summary>Blocks of eight voxels of a tile.</summary>
    public const int Blocks = 16;

    /// <summary>Words of a slab: of a voxel, what goes through shared memory at a time.</summary>
    public const int SlabWords = 16;

    /// <summary>Vectors of words of a slab.</summary>
    public const int SlabVectors = SlabWords / 4;

    /// <summary>Steps of the columns that are on their way or in use.</summary>
    public const int Stages = 4;

    /// <summary>Most voxels that the windows of a tile reach: what shared memory of 48 KB has room for.</summary>
    public const int MostReached = 432;

    /// <summary>
    /// Vector of shared memory that has a vector of a voxel's, or a column's, slab. Those of neighbours are shifted against each other, so that the same one of
    /// eight rows, or columns, is in different banks.
    /// </summary>
    public static int Vector(int voxel, int vector) => voxel * SlabVectors + (vector ^ ((voxel >> 1) & (SlabVectors - 1)));

    /// <summary>Columns of the widest tile that suits a number of columns.</summary>
    public static int Columns(int columns) => columns <= 16 ? 16 : columns <= 32 ? 32 : 64;

    /// <summary>
    /// Columns of the tile that suits a number of columns and boxes: of the deepest levels of a network the widest tiles are too few for all multiprocessors. The
    /// result does not depend on it.
    /// </summary>
    public static int Columns(int columns, long boxes, int multiprocessors)
    {
        var tile = Columns(columns);
        while (tile > 16 && boxes * ((columns + tile - 1) / tile) < multiprocessors)
            tile /= 2;
        return tile;
    }

    /// <summary>Threads of the group that has a tile of so many columns.</summary>
    public static int Threads(int tileColumns) => tileColumns / TileLayouts.ThreadColumns * Blocks;

    /// <summary>Vectors of words of what is reached in a slab, and of the columns of all stages.</summary>
    public static int SharedVectors(int tileColumns) => (MostReached + Stages * tileColumns) * SlabVectors;

    /// <summary>Bytes of shared memory of a group.</summary>
    public static int SharedBytes(int tileColumns) => 16 * SharedVectors(tileColumns) + 2 * sizeof(int) * MostReached + 16 * Blocks;

    /// <summary>
    /// The boxes that cut an image into the fewest, of those whose windows reach no more than <see cref="MostReached"/> voxels; of several the most compact.
    /// None where the window is too large.
    /// </summary>
    public static TileBlocks? BoxesOf(TensorShape image, bool deep, in ConvolutionShape shape)
    {
        TileBlocks? best = null;
        foreach (var box in Boxes)
        {
            var blocks = TileBlocks.Boxes(image, deep, box);
            if (MatrixReach.Of(blocks, shape, false).Voxels <= MostReached && blocks.Tiles < (best?.Tiles ?? int.MaxValue))
                best = blocks;
        }

        return best;
    }

    /// <summary>Blocks of a box along slices, rows and columns, the most compact first.</summary>
    private static readonly (int D, int H, int W)[] Boxes =
        [(2, 2, 4), (2, 4, 2), (4, 2, 2), (1, 4, 4), (4, 1, 4), (4, 4, 1), (1, 2, 8), (1, 8, 2), (2, 1, 8), (8, 1, 2), (2, 8, 1), (1, 1, 16), (1, 16, 1), (16, 1, 1)];
}
