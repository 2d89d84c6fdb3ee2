namespace Spoco.Kernels.Primitives;

/// <summary>
/// Rows of weights w of a tile's pixels, each with a centre a: sum_p w_p (e_p - a) belongs to the centre (<see cref="TileSums"/>),
/// w_p (e_p - a) to the pixels (<see cref="TileGradient"/>). Both are taken of several rows at once. Rows without a sum come first.
/// </summary>
/// <param name="memory">Memory for <see cref="Length"/> numbers, on a cache line.</param>
internal unsafe struct WeightedRows(float* memory)
{
    /// <summary>Most rows.</summary>
    public const int Capacity = 32;

    /// <summary>Rows that are summed at once; so many may be read behind the last one.</summary>
    public const int Block = 4;

    private const int Stride = PixelTile.Stride;
    private const int FloatsPerPointer = sizeof(long) / sizeof(float);
    private const int Rows = (Capacity + Block) * Stride;

    private readonly float** _centres = (float**)(memory + Rows);
    private readonly double** _sums = (double**)(memory + Rows + FloatsPerPointer * Capacity);

    /// <summary>Numbers of memory, whole cache lines.</summary>
    public static int Length => Rows + 2 * FloatsPerPointer * Capacity;

    /// <summary>Rows that are complete.</summary>
    public int Count { get; private set; }

    public readonly bool IsFull => Count == Capacity;

    /// <summary>The row that the next weights are written to.</summary>
    public readonly float* Next => Weights(Count);

    /// <summary>The centre of every row.</summary>
    public readonly float** Centres => _centres;

    public readonly float* Weights(int row) => memory + row * Stride;

    /// <summary>What the sum of a row is added to; null where it is not wanted.</summary>
    public readonly double* Sums(int row) => _sums[row];

    /// <summary>The next row is complete.</summary>
    public void Keep(float* centre, double* sums)
    {
        _centres[Count] = centre;
        _sums[Count] = sums;
        Count++;
    }

    public void Clear() => Count = 0;
}
