using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Tiles of a convolution with 3x3 or 3x3x3 taps: two results along every axis with three taps, one along the others. A tile's number counts
/// (n, td, th, tw), tw fastest; a frequency is (fd 4 + fh) 4 + fw.
/// </summary>
internal readonly record struct WinogradGrid
{
    private WinogradGrid(TensorShape output, bool deep, int paddingD, int paddingH, int paddingW, bool upD, bool upPlane)
    {
        Output = output;
        Deep = deep;
        (PaddingD, PaddingH, PaddingW) = (paddingD, paddingH, paddingW);
        (UpD, UpPlane) = (upD, upPlane);
        TilesD = deep ? (output.D + 1) / 2 : output.D;
        TilesH = (output.H + 1) / 2;
        TilesW = (output.W + 1) / 2;
    }

    /// <summary>Extents of the result; its channels do not matter here.</summary>
    public TensorShape Output { get; }

    /// <summary>Whether there are three taps along the slices.</summary>
    public bool Deep { get; }

    public int PaddingD { get; }

    public int PaddingH { get; }

    public int PaddingW { get; }

    /// <summary>Whether the second tensor is enlarged by two along the slices.</summary>
    public bool UpD { get; }

    /// <summary>Whether the second tensor is enlarged by two along rows and columns.</summary>
    public bool UpPlane { get; }

    public int TilesD { get; }

    public int TilesH { get; }

    public int TilesW { get; }

    public int Tiles => checked(Output.N * TilesD * TilesH * TilesW);

    /// <summary>Frequencies of rows and columns together.</summary>
    public const int PlaneFrequencies = 16;

    /// <summary>Frequencies of the slices.</summary>
    public int SliceFrequencies => Deep ? 4 : 1;

    /// <summary>All frequencies.</summary>
    public int Frequencies => SliceFrequencies * PlaneFrequencies;

    public int Taps => Deep ? 27 : 9;

    /// <summary>Whether a frequency of a tensor that is enlarged can differ from zero.</summary>
    public bool InHalf(int frequency) => !((UpD && frequency >> 4 == 2) || (UpPlane && (((frequency >> 2) & 3) == 2 || (frequency & 3) == 2)));

    /// <summary>Whether a tensor, enlarged or not, has a frequency of the slices.</summary>
    public bool HasSlices(int frequency, bool half) => !(half && UpD && frequency == 2);

    /// <summary>What a frequency of the slices is for a tensor that is enlarged or not.</summary>
    public WinogradDepth Depth(int frequency, bool half) =>
        !Deep ? WinogradDepth.Plain : half && UpD ? WinogradDepth.Half(frequency) : WinogradDepth.Full(frequency);

    /// <summary>Slice, row and column of tiles and image of the tile with a number.</summary>
    public (int N, int D, int H, int W) Position(int tile)
    {
        var (row, w) = (tile / TilesW, tile % TilesW);
        var (slice, h) = (row / TilesH, row % TilesH);
        return (slice / TilesD, slice % TilesD, h, w);
    }

    /// <summary>The tiles of a convolution, or null where its window is another one or its channels do not fill vectors.</summary>
    public static WinogradGrid? Of(in ConvolutionShape shape)
    {
        var output = shape.Output;
        var fits = shape is { KernelH: 3, KernelW: 3 } && (shape.KernelD == 3 || (shape.KernelD == 1 && shape.PaddingD == 0))
            && shape.InputChannels % Vector<float>.Count == 0 && shape.OutputChannels % Vector<float>.Count == 0
            && output.Voxels <= int.MaxValue;
        return fits ? new WinogradGrid(output, shape.KernelD == 3, shape.PaddingD, shape.PaddingH, shape.PaddingW, false, false) : null;
    }

    /// <summary>
    /// The tiles of the convolution of two tensors, the second one enlarged to the first one's size; null where it is not by two or
    /// one.
    /// </summary>
    public static WinogradGrid? Of(in ConvolutionShape shape, TensorShape skip, TensorShape small)
    {
        if (Of(shape) is not { PaddingH: 1, PaddingW: 1 } grid || shape.KernelD / 2 != shape.PaddingD || skip.C % Vector<float>.Count != 0)
            return null;
        var doubled = (D: skip.D == 2 * small.D, H: skip.H == 2 * small.H, W: skip.W == 2 * small.W);
        var equal = (D: skip.D == small.D, H: skip.H == small.H, W: skip.W == small.W);
        var plane = doubled.H && doubled.W;
        var depth = doubled.D && grid.Deep;
        if (!(plane || (equal.H && equal.W)) || !(depth || equal.D) || (depth && !plane))
            return null;
        return new WinogradGrid(grid.Output, grid.Deep, shape.PaddingD, shape.PaddingH, shape.PaddingW, depth, plane);
    }

    /// <summary>The tiles of the input gradient.</summary>
    public WinogradGrid Transposed(TensorShape input) => Deep
        ? new WinogradGrid(input, true, 2 - PaddingD, 2 - PaddingH, 2 - PaddingW, UpD, UpPlane)
        : new WinogradGrid(input, false, 0, 2 - PaddingH, 2 - PaddingW, UpD, UpPlane);
}
