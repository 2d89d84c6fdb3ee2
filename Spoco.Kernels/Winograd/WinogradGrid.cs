using System.Numerics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Tiles of a convolution with 3x3 or 3x3x3 taps: two or four results along rows and columns, two along slices with three taps, else one. A tile's number
/// counts (n, td, th, tw), tw fastest; a frequency is (fd s + fh) s + fw with s = <see cref="Side"/>.
/// </summary>
internal readonly record struct WinogradGrid
{
    /// <summary>What transforming, writing and reading a weight costs, in products of a tile.</summary>
    private const long TilesPerWeight = 128;

    /// <summary>Most tiles of a segment.</summary>
    private const int MostSegmentTiles = 16;

    /// <summary>Channels come in multiples of this: whole vectors, and the same convolutions on processors with narrow ones.</summary>
    private static int ChannelUnit => Math.Max(8, Vector<float>.Count);

    private WinogradGrid(TensorShape output, bool deep, int paddingD, int paddingH, int paddingW, bool upD, bool upPlane, int results)
    {
        Output = output;
        Deep = deep;
        (PaddingD, PaddingH, PaddingW) = (paddingD, paddingH, paddingW);
        (UpD, UpPlane) = (upD, upPlane);
        Results = results;
        TilesD = deep ? (output.D + 1) / 2 : output.D;
        TilesH = (output.H + results - 1) / results;
        TilesW = (output.W + results - 1) / results;
        var segments = (TilesW + MostSegmentTiles - 1) / MostSegmentTiles;
        SegmentTiles = (TilesW + segments - 1) / segments;
        SegmentsW = (TilesW + SegmentTiles - 1) / SegmentTiles;
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

    /// <summary>
    /// Rows of tiles are cut into segments of this length, the last one maybe shorter. A segment is never divided: what is summed up over one depends on
    /// the shape alone.
    /// </summary>
    public int SegmentTiles { get; }

    /// <summary>Segments of a row of tiles.</summary>
    public int SegmentsW { get; }

    public int Segments => Output.N * TilesD * TilesH * SegmentsW;

    /// <summary>Results of a tile along rows, and along columns: two or four.</summary>
    public int Results { get; }

    /// <summary>Frequencies of rows, and of columns.</summary>
    public int Side => Results + 2;

    /// <summary>Frequencies of rows and columns together.</summary>
    public int PlaneFrequencies => Side * Side;

    /// <summary>Frequencies of the slices.</summary>
    public int SliceFrequencies => Deep ? 4 : 1;

    /// <summary>All frequencies.</summary>
    public int Frequencies => SliceFrequencies * PlaneFrequencies;

    public int Taps => Deep ? 27 : 9;

    /// <summary>Whether a frequency of a tensor that is enlarged can differ from zero.</summary>
    public bool InHalf(int frequency) => !((UpD && frequency / PlaneFrequencies == 2)
        || (UpPlane && (frequency / Side % Side == 2 || frequency % Side == 2)));

    /// <summary>Whether a tensor, enlarged or not, has a frequency of the slices.</summary>
    public bool HasSlices(int frequency, bool half) => !(half && UpD && frequency == 2);

    /// <summary>Slices that a tile of a tensor, enlarged or not, has.</summary>
    public int SlicesOf(bool half) => (half && UpD) || !Deep ? 1 : 2;

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

    /// <summary>Number of a segment's first tile; for <see cref="Segments"/>, of all tiles.</summary>
    public int FirstTile(int segment) => segment / SegmentsW * TilesW + segment % SegmentsW * SegmentTiles;

    /// <summary>The tiles of a convolution, or null where its window is another one or its channels do not fill vectors.</summary>
    public static WinogradGrid? Of(in ConvolutionShape shape)
    {
        var output = shape.Output;
        var fits = shape is { KernelH: 3, KernelW: 3 } && (shape.KernelD == 3 || (shape.KernelD == 1 && shape.PaddingD == 0))
            && shape.InputChannels % ChannelUnit == 0 && shape.OutputChannels % ChannelUnit == 0
            && output.Voxels <= int.MaxValue;
        return fits ? Cheaper(output, shape.Whole, shape.KernelD == 3, shape.PaddingD, shape.PaddingH, shape.PaddingW, false, false) : null;
    }

    /// <summary>
    /// The tiles of the convolution of two tensors, the second one enlarged to the first one's size; null where it is not by two or
    /// one.
    /// </summary>
    public static WinogradGrid? Of(in ConvolutionShape shape, TensorShape skip, TensorShape small)
    {
        if (Of(shape) is not { PaddingH: 1, PaddingW: 1 } grid || shape.KernelD / 2 != shape.PaddingD || skip.C % ChannelUnit != 0)
            return null;
        var doubled = (D: skip.D == 2 * small.D, H: skip.H == 2 * small.H, W: skip.W == 2 * small.W);
        var equal = (D: skip.D == small.D, H: skip.H == small.H, W: skip.W == small.W);
        var plane = doubled.H && doubled.W;
        var depth = doubled.D && grid.Deep;
        if (!(plane || (equal.H && equal.W)) || !(depth || equal.D) || (depth && !plane))
            return null;
        return Cheaper(grid.Output, shape.Whole, grid.Deep, shape.PaddingD, shape.PaddingH, shape.PaddingW, depth, plane);
    }

    /// <summary>The tiles of the input gradient.</summary>
    public WinogradGrid Transposed(TensorShape input) => Deep
        ? new WinogradGrid(input, true, 2 - PaddingD, 2 - PaddingH, 2 - PaddingW, UpD, UpPlane, Results)
        : new WinogradGrid(input, false, 0, 2 - PaddingH, 2 - PaddingW, UpD, UpPlane, Results);

    /// <summary>Whether a product is added without being rounded, which large tiles rely on for their accuracy.</summary>
    private static bool FusesMultiplyAdd => Fma.IsSupported || AdvSimd.IsSupported;

    /// <summary>
    /// Large tiles need fewer products, but more weights: of little use for a map of few tiles. A part of a map is computed as the whole map would be.
    /// </summary>
    private static WinogradGrid Cheaper(TensorShape output, TensorShape whole, bool deep, int paddingD, int paddingH, int paddingW, bool upD, bool upPlane)
    {
        var (two, four) = (Of(2), Of(4));
        var extents = whole.Voxels == 0 ? output : whole with { N = output.N };
        return FusesMultiplyAdd && Cost(four) < Cost(two) ? four : two;

        WinogradGrid Of(int results) => new(output, deep, paddingD, paddingH, paddingW, upD, upPlane, results);

        long Cost(in WinogradGrid grid) => grid.Frequencies * (TilesOf(extents, grid) + TilesPerWeight);

        static long TilesOf(TensorShape map, in WinogradGrid grid) => (long)map.N * (grid.Deep ? (map.D + 1) / 2 : map.D)
            * ((map.H + grid.Results - 1) / grid.Results) * ((map.W + grid.Results - 1) / grid.Results);
    }

    /// <summary>
    /// Bytes of the workspace that a convolution takes for the time of a call: transformed weights, and the transforms of every worker's block or of one that
    /// all share.
    /// </summary>
    public long Workspace(int workers, int inputs, int outputs)
    {
        // Tiles of a block, and the most bytes of a block that all workers share.
        const long BlockTiles = 48;
        const long SharedBytes = 16 << 20;
        var weights = (long)PlaneFrequencies * inputs * outputs;
        var perTile = (long)PlaneFrequencies * (inputs + outputs + 32);
        var transforms = perTile * Tiles;
        var blocks = Math.Max(workers, (Tiles + BlockTiles - 1) / BlockTiles);
        var sharedBlocks = transforms * sizeof(float) / SharedBytes + 1;
        var shared = sharedBlocks * weights + 2 * transforms < blocks * weights;
        return sizeof(float) * (weights * SliceFrequencies
            + (shared ? transforms / sharedBlocks : workers * perTile * Math.Min(BlockTiles, Tiles / blocks + 1)));
    }
}
