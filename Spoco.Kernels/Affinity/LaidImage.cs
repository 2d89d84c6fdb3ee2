namespace Spoco.Kernels;

/// <summary>
/// An image that lies in memory in one of its orientations, of which a part is looked at, and where the results of this part's pixels belong in the part as the
/// image is: rows and columns there may run in other directions.
/// </summary>
internal readonly record struct LaidImage
{
    /// <summary>Extents as it lies, [1, D, H, W, channels of a pixel].</summary>
    public TensorShape Shape { get; init; }

    /// <summary>Where the part begins.</summary>
    public PixelOffset First { get; init; }

    /// <summary>Extents of the part as it lies, [1, D, H, W, 1].</summary>
    public TensorShape Part { get; init; }

    /// <summary>Number of the result of the part's first pixel within its slice.</summary>
    public int Origin { get; init; }

    /// <summary>From there to the result of the pixel below.</summary>
    public int Row { get; init; }

    /// <summary>From there to the result of the pixel on the right.</summary>
    public int Column { get; init; }

    /// <summary>All of an image that lies as it is.</summary>
    public static LaidImage AsItIs(TensorShape shape) => new() { Shape = shape, Part = shape.WithChannels(1), Row = shape.W, Column = 1 };

    /// <summary>Whether the part lies within the image, and every pixel has a result of its own within a slice of the part.</summary>
    internal bool IsValid
    {
        get
        {
            var (down, right) = ((Part.H - 1) * (long)Row, (Part.W - 1) * (long)Column);
            return Shape.IsValid && Part.IsValid && Shape.N == 1 && Part is { N: 1, C: 1 } && Shape.Voxels <= int.MaxValue
                && First.Z >= 0 && First.Y >= 0 && First.X >= 0
                && First.Z <= Shape.D - Part.D && First.Y <= Shape.H - Part.H && First.X <= Shape.W - Part.W
                && ((Math.Abs((long)Row) == Part.W && Column is 1 or -1) || (Row is 1 or -1 && Math.Abs((long)Column) == Part.H))
                && Origin + Math.Min(0, down) + Math.Min(0, right) >= 0
                && Origin + Math.Max(0, down) + Math.Max(0, right) < (long)Part.H * Part.W;
        }
    }

    /// <summary>Number of the first value of a pixel of the part.</summary>
    internal long Source(int z, int y, int x) => (((long)(z + First.Z) * Shape.H + y + First.Y) * Shape.W + x + First.X) * Shape.C;

    /// <summary>Number of the result of a pixel of the part.</summary>
    internal int Result(int z, int y, int x) => z * Part.H * Part.W + Origin + y * Row + x * Column;
}
