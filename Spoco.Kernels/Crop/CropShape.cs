namespace Spoco.Kernels;

/// <summary>A box of an image that is copied into another image.</summary>
/// <param name="From">Extents of the image, [1, D, H, W, channels].</param>
/// <param name="Start">Where the box begins in it.</param>
/// <param name="To">Extents of the other image, [1, D, H, W, channels].</param>
/// <param name="Target">Where the box begins there.</param>
/// <param name="Box">Extents of the box, [1, D, H, W, 1].</param>
internal readonly record struct CropShape(TensorShape From, PixelOffset Start, TensorShape To, PixelOffset Target, TensorShape Box)
{
    /// <summary>Whether the box is within both.</summary>
    public bool IsValid => IsWithin(From, Start) && IsWithin(To, Target) && To.C == From.C;

    /// <summary>Number of the first value of a row of the box in the image.</summary>
    public long Source(int row) => RowOf(From, Start, row);

    /// <summary>Number of the first value of a row of the box in the other image.</summary>
    public long Result(int row) => RowOf(To, Target, row);

    private bool IsWithin(TensorShape image, PixelOffset start) =>
        image.IsValid && Box.IsValid && image.N == 1 && Box is { N: 1, C: 1 } && start.Z >= 0 && start.Y >= 0 && start.X >= 0
        && start.Z <= image.D - Box.D && start.Y <= image.H - Box.H && start.X <= image.W - Box.W;

    private long RowOf(TensorShape image, PixelOffset start, int row) =>
        (((long)(row / Box.H + start.Z) * image.H + row % Box.H + start.Y) * image.W + start.X) * image.C;
}
