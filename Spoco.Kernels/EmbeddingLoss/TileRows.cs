namespace Spoco.Kernels.Primitives;

/// <summary>Numbers per pixel of the tile at hand.</summary>
internal readonly unsafe struct TileRows(float* first, int* owners, int count)
{
    public const int Count = 8;

    public readonly float* Squares = first;
    public readonly float* TargetSquares = first + PixelTile.Stride;
    public readonly float* Masks = first + 2 * PixelTile.Stride;

    /// <summary>The masks of g; for an object its own pixels' masks.</summary>
    public readonly float* Targets = first + 3 * PixelTile.Stride;

    /// <summary>Followed by <see cref="LineSquares"/>.</summary>
    public readonly float* LineOverlaps = first + 4 * PixelTile.Stride;
    public readonly float* LineSquares = first + 5 * PixelTile.Stride;
    public readonly int* Uncovered = (int*)(first + 6 * PixelTile.Stride);
    public readonly TileOwners Owners = new(owners, count, (int*)(first + 7 * PixelTile.Stride));
}
