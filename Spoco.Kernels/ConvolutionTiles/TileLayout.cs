namespace Spoco.Kernels.Primitives;

/// <summary>
/// How the threads of a group share a tile of the result, as a type: constants of the compiled kernel. A thread owns 8 rows and 4 columns; narrow tiles
/// suit networks of few channels, whose wide tiles would be mostly empty.
/// </summary>
internal interface ITileLayout
{
    /// <summary>Threads along the columns.</summary>
    int ColumnThreads { get; }

    /// <summary>Threads along the rows.</summary>
    int RowThreads { get; }

    /// <summary>
    /// Whether four columns are stored at once where they can be. Compilers of OpenCL for processors cut the product's vectors down to as many, so that it is
    /// for GPUs alone.
    /// </summary>
    bool StoresVectors { get; }
}

/// <summary>128 rows and 64 columns, 256 threads.</summary>
internal readonly struct WideTile : ITileLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 16;

    /// <inheritdoc/>
    public int RowThreads => 16;

    /// <inheritdoc/>
    public bool StoresVectors => false;
}

/// <summary>256 rows and 32 columns, 256 threads.</summary>
internal readonly struct MiddleTile : ITileLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 8;

    /// <inheritdoc/>
    public int RowThreads => 32;

    /// <inheritdoc/>
    public bool StoresVectors => false;
}

/// <summary>256 rows and 16 columns, 128 threads.</summary>
internal readonly struct NarrowTile : ITileLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 4;

    /// <inheritdoc/>
    public int RowThreads => 32;

    /// <inheritdoc/>
    public bool StoresVectors => false;
}

/// <summary>32 rows and 16 columns, 16 threads: for devices that allow no more, such as ILGPU's simulator.</summary>
internal readonly struct SmallTile : ITileLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 4;

    /// <inheritdoc/>
    public int RowThreads => 4;

    /// <inheritdoc/>
    public bool StoresVectors => false;
}

/// <summary>What a group computes: a tile of the voxels of an image and one of the columns; and what of it a thread has.</summary>
internal readonly struct TilePlace
{
    private TilePlace(int firstColumn, int tile, int image, int row, int column) =>
        (FirstColumn, Tile, Image, Row, Column) = (firstColumn, tile, image, row, column);

    /// <summary>First column of the tile.</summary>
    public int FirstColumn { get; }

    /// <summary>Tile of the image.</summary>
    public int Tile { get; }

    /// <summary>Image.</summary>
    public int Image { get; }

    /// <summary>Row of the thread.</summary>
    public int Row { get; }

    /// <summary>First column of the thread.</summary>
    public int Column { get; }

    /// <summary>The place of this thread.</summary>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="tiles">Tiles of an image.</param>
    public static TilePlace Of<TLayout>(int columns, int tiles) where TLayout : unmanaged, ITileLayout
    {
        var width = TileLayouts.ThreadColumns * default(TLayout).ColumnThreads;
        var columnTiles = (columns + width - 1) / width;
        var firstColumn = ILGPU.Grid.IdxX % columnTiles * width;
        return new TilePlace(
            firstColumn, ILGPU.Grid.IdxX / columnTiles % tiles, ILGPU.Grid.IdxX / columnTiles / tiles, ILGPU.Group.IdxX / default(TLayout).ColumnThreads,
            firstColumn + TileLayouts.ThreadColumns * (ILGPU.Group.IdxX % default(TLayout).ColumnThreads));
    }
}

/// <summary>The layouts by number, for the host's side of a launch.</summary>
internal enum TileKind
{
    /// <summary><see cref="WideTile"/>.</summary>
    Wide,

    /// <summary><see cref="MiddleTile"/>.</summary>
    Middle,

    /// <summary><see cref="NarrowTile"/>.</summary>
    Narrow,

    /// <summary><see cref="SmallTile"/>.</summary>
    Small,
}

/// <summary>Sizes of tiles, and which one suits a number of columns.</summary>
internal static class TileLayouts
{
    /// <summary>Fewest threads of a group that a tile needs.</summary>
    public const int LeastThreads = 16;

    /// <summary>Rows of a thread.</summary>
    public const int ThreadRows = 8;

    /// <summary>Columns of a thread.</summary>
    public const int ThreadColumns = 4;

    /// <summary>Terms that go through shared memory at a time.</summary>
    public const int Depth = 16;

    /// <summary>Floats from one term to the next in the shared tile of rows: one vector more than the longest needs, which moves them to other banks.</summary>
    public const int RowPitch = 256 + 4;

    /// <summary>The same in the shared tile of columns.</summary>
    public const int ColumnPitch = 64 + 4;

    /// <summary>The layout for a number of columns on a device.</summary>
    public static TileKind For(in Capabilities device, int columns) => device.GroupThreads < 256 ? TileKind.Small
        : columns <= 16 ? TileKind.Narrow : columns <= 32 ? TileKind.Middle : TileKind.Wide;

    /// <summary>Threads along the rows.</summary>
    public static int RowThreads(this TileKind kind) => kind switch { TileKind.Wide => 16, TileKind.Small => 4, _ => 32 };

    /// <summary>Threads along the columns.</summary>
    public static int ColumnThreads(this TileKind kind) => kind switch { TileKind.Wide => 16, TileKind.Middle => 8, _ => 4 };

    /// <summary>Threads of a group.</summary>
    public static int Threads(this TileKind kind) => kind.RowThreads() * kind.ColumnThreads();

    /// <summary>Rows of a tile.</summary>
    public static int Rows(this TileKind kind) => ThreadRows * kind.RowThreads();

    /// <summary>Tiles that a number of columns takes.</summary>
    public static int ColumnTiles(this TileKind kind, int columns) => (columns + ThreadColumns * kind.ColumnThreads() - 1) / (ThreadColumns * kind.ColumnThreads());
}
