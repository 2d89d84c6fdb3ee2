namespace Spoco.Kernels.Primitives;

/// <summary>How the warps of a group share a tile of 128 rows: as <see cref="ITileLayout"/>, and of the matrix units.</summary>
internal interface IMatrixLayout : ITileLayout
{
    /// <summary>Warps side by side.</summary>
    int WarpColumns { get; }

    /// <summary>Fragments of a warp one below the other, 2 or 4; it has 8.</summary>
    int RowFragments { get; }
}

/// <summary>64 columns: eight warps of 32 rows and 32 columns.</summary>
internal readonly struct WideMatrix : IMatrixLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 16;

    /// <inheritdoc/>
    public int RowThreads => MatrixTiles.Blocks;

    /// <inheritdoc/>
    public bool StoresVectors => true;

    /// <inheritdoc/>
    public int WarpColumns => 2;

    /// <inheritdoc/>
    public int RowFragments => 2;
}

/// <summary>32 columns: four warps of 32 rows.</summary>
internal readonly struct MiddleMatrix : IMatrixLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 8;

    /// <inheritdoc/>
    public int RowThreads => MatrixTiles.Blocks;

    /// <inheritdoc/>
    public bool StoresVectors => true;

    /// <inheritdoc/>
    public int WarpColumns => 1;

    /// <inheritdoc/>
    public int RowFragments => 2;
}

/// <summary>16 columns: two warps of 64 rows.</summary>
internal readonly struct NarrowMatrix : IMatrixLayout
{
    /// <inheritdoc/>
    public int ColumnThreads => 4;

    /// <inheritdoc/>
    public int RowThreads => MatrixTiles.Blocks;

    /// <inheritdoc/>
    public bool StoresVectors => true;

    /// <inheritdoc/>
    public int WarpColumns => 1;

    /// <inheritdoc/>
    public int RowFragments => 4;
}
