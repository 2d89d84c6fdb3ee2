namespace Spoco.Kernels;

/// <summary>
/// Geometry of a nearest-neighbour resize with an optional concatenation in front: y [N, D, H, W, SkipChannels + Channels] holds the skip tensor's
/// channels first, then those of small [N, SmallD, SmallH, SmallW, Channels], where output voxel o takes source floor(o in / out) along each axis.
/// </summary>
/// <param name="N">Images.</param>
/// <param name="D">Slices of the output.</param>
/// <param name="H">Rows of the output.</param>
/// <param name="W">Columns of the output.</param>
/// <param name="SmallD">Slices of the input to be resized.</param>
/// <param name="SmallH">Rows of it.</param>
/// <param name="SmallW">Columns of it.</param>
/// <param name="SkipChannels">Channels of the tensor that is not resized; 0 = there is none.</param>
/// <param name="Channels">Channels of the tensor that is resized.</param>
internal readonly record struct UpsampleShape(int N, int D, int H, int W, int SmallD, int SmallH, int SmallW, int SkipChannels, int Channels)
{
    /// <summary>The geometry of an operation; the message of an error begins with its name.</summary>
    /// <exception cref="ArgumentException">An extent is below 1, or the extents are too large for 32-bit arithmetic.</exception>
    public static UpsampleShape Of(string operation, TensorShape small, (int D, int H, int W) size, int skipChannels = 0)
    {
        if (size.D < 1 || size.H < 1 || size.W < 1)
            throw new ArgumentException($"{operation}: a size is at least (1, 1, 1), got {size} (input {small}).");
        if ((long)size.D * small.D > int.MaxValue / 2 || (long)size.H * small.H > int.MaxValue / 2 || (long)size.W * small.W > int.MaxValue / 2)
            throw new ArgumentException($"{operation}: input {small} and size {size} are too large.");
        return new UpsampleShape(small.N, size.D, size.H, size.W, small.D, small.H, small.W, skipChannels, small.C);
    }

    /// <summary>The tensor that is resized.</summary>
    public TensorShape Small => new(N, SmallD, SmallH, SmallW, Channels);

    /// <summary>The tensor that is not resized.</summary>
    public TensorShape Skip => new(N, D, H, W, SkipChannels);

    /// <summary>The output.</summary>
    public TensorShape Output => new(N, D, H, W, SkipChannels + Channels);

    /// <summary>Channels of the output.</summary>
    internal int OutputChannels => SkipChannels + Channels;

    /// <summary>Row of the small tensor that an output row takes its voxels from.</summary>
    internal int SmallRow(int row)
    {
        var h = row % H;
        var d = row / H % D;
        var n = row / H / D;
        return (n * SmallD + d * SmallD / D) * SmallH + h * SmallH / H;
    }

    /// <summary>First output position that takes source <paramref name="i"/> or a later one: ceil(i out / in).</summary>
    internal static int First(int i, int small, int size) => (i * size + small - 1) / small;
}
