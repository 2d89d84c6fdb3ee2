namespace Spoco.Kernels.Primitives;

/// <summary>A worker's memory for one tile of pixels after the other.</summary>
internal readonly unsafe struct TileMemory(float* memory, int channels)
{
    /// <summary>e^f, transposed.</summary>
    public readonly float* F = memory;

    /// <summary>e^g, transposed.</summary>
    public readonly float* G = memory + channels * PixelTile.Stride;

    /// <summary>Numbers per pixel: <see cref="TileRows"/>.</summary>
    public readonly float* Rows = memory + 2 * channels * PixelTile.Stride;

    /// <summary>Rows of weights, and what comes behind them.</summary>
    public readonly float* Weights = memory + (2 * channels + TileRows.Count) * PixelTile.Stride;

    /// <summary>Behind the rows of weights.</summary>
    public float* Rest => Weights + WeightedRows.Length;

    /// <summary>Numbers up to <see cref="Rest"/>.</summary>
    public static int Length(int channels) => (2 * channels + TileRows.Count) * PixelTile.Stride + WeightedRows.Length;
}
