namespace Spoco.Kernels;

/// <summary>
/// Geometry of a pooling: windows side by side (stride = window) over an input [N, D, H, W, C]; voxels behind the last whole window are left out.
/// </summary>
/// <param name="N">Images.</param>
/// <param name="D">Slices of the input.</param>
/// <param name="H">Rows of the input.</param>
/// <param name="W">Columns of the input.</param>
/// <param name="C">Channels.</param>
/// <param name="WindowD">Slices of a window.</param>
/// <param name="WindowH">Rows of a window.</param>
/// <param name="WindowW">Columns of a window.</param>
internal readonly record struct PoolingShape(int N, int D, int H, int W, int C, int WindowD, int WindowH, int WindowW)
{
    /// <summary>Most voxels of a window: the place of a maximum is kept in one byte.</summary>
    public const int MaximumWindow = 256;

    /// <summary>The geometry of an operation; the message of an error begins with its name.</summary>
    /// <exception cref="ArgumentException">The window is empty, larger than the input, or has more than 256 voxels.</exception>
    public static PoolingShape Of(string operation, TensorShape x, (int D, int H, int W) window)
    {
        if (window.D < 1 || window.H < 1 || window.W < 1 || (long)window.D * window.H * window.W > MaximumWindow)
            throw new ArgumentException($"{operation}: a window has 1 to {MaximumWindow} voxels, got {window}.");
        if (window.D > x.D || window.H > x.H || window.W > x.W)
            throw new ArgumentException($"{operation}: the window {window} is larger than the input {x}.");
        return new PoolingShape(x.N, x.D, x.H, x.W, x.C, window.D, window.H, window.W);
    }

    /// <summary>Slices of the output.</summary>
    public int OutD => D / WindowD;

    /// <summary>Rows of the output.</summary>
    public int OutH => H / WindowH;

    /// <summary>Columns of the output.</summary>
    public int OutW => W / WindowW;

    /// <summary>Voxels of a window.</summary>
    public int Window => WindowD * WindowH * WindowW;

    /// <summary>The input.</summary>
    public TensorShape Input => new(N, D, H, W, C);

    /// <summary>The output.</summary>
    public TensorShape Output => new(N, OutD, OutH, OutW, C);

    /// <summary>First value of the window row that is <paramref name="d"/>, <paramref name="h"/> inside the windows of an output row.</summary>
    internal long InputRow(int outputRow, int d, int h)
    {
        var oh = outputRow % OutH;
        var od = outputRow / OutH % OutD;
        var n = outputRow / OutH / OutD;
        return (((long)n * D + od * WindowD + d) * H + oh * WindowH + h) * W * C;
    }

    /// <summary>
    /// The output row whose windows hold an input row, or -1; <paramref name="place"/> is the number of the row's first voxel in them.
    /// </summary>
    internal int OutputRow(int inputRow, out int place)
    {
        var h = inputRow % H;
        var d = inputRow / H % D;
        var n = inputRow / H / D;
        var oh = h / WindowH;
        var od = d / WindowD;
        place = ((d - od * WindowD) * WindowH + (h - oh * WindowH)) * WindowW;
        return oh < OutH && od < OutD ? (n * OutD + od) * OutH + oh : -1;
    }
}
