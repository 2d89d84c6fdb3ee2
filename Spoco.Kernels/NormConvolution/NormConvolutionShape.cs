using Spoco.Kernels.Primitives;

namespace Spoco.Kernels;

/// <summary>
/// Geometry of a normalisation with the convolution behind it: x [N,D,H,W,C], and behind its channels those of a second tensor that is enlarged
/// to its
/// size with nearest neighbours, are normalised together and convolved with a weight [kD,3,3,Cin,Cout], padding kD / 2 and 1.
/// </summary>
public readonly record struct NormConvolutionShape
{
    private NormConvolutionShape(TensorShape input, TensorShape small, TensorShape weight, int groups, bool wholeBatch, WinogradGrid grid)
    {
        Input = input;
        Small = small;
        Weight = weight;
        Groups = groups;
        WholeBatch = wholeBatch;
        Grid = grid;
    }

    /// <summary>Shape of x.</summary>
    public TensorShape Input { get; }

    /// <summary>Shape of the second tensor; without voxels where there is none.</summary>
    public TensorShape Small { get; }

    /// <summary>Shape of the weight.</summary>
    public TensorShape Weight { get; }

    /// <summary>Groups of channels that share statistics.</summary>
    public int Groups { get; }

    /// <summary>Whether statistics are those of the whole batch (batch normalisation), not of every image.</summary>
    public bool WholeBatch { get; }

    /// <summary>Shape of the result.</summary>
    public TensorShape Output => Input.WithChannels(Weight.C);

    /// <summary>Pairs of mean and variance.</summary>
    public int Statistics => (WholeBatch ? 1 : Input.N) * Groups;

    internal WinogradGrid Grid { get; }

    /// <summary>Whether the maxima over windows of the result can be taken while it is written: two by two, over one slice or, in 3D, two.</summary>
    public bool Pools(PoolingShape pool) => pool.Input == Output && WinogradPooling.Fits(Grid, pool);

    internal int Channels => Weight.W;

    internal int ChannelsPerGroup => Channels / Groups;

    internal bool HasSmall => Small.C > 0;

    /// <summary>
    /// The geometry; null where the device has no kernel for it, which then takes the operations one by one: other than 3 taps, channels that do
    /// not fill
    /// vectors, a second tensor that is neither as large as x nor half as large along the slices, or rows and columns.
    /// </summary>
    /// <param name="device">Device.</param>
    /// <param name="input">Shape of x.</param>
    /// <param name="small">Shape of the second tensor; default = none.</param>
    /// <param name="weight">Shape of the weight.</param>
    /// <param name="groups">Groups of the group norm; 0 = batch norm.</param>
    /// <param name="whole">See <see cref="ConvolutionShape.Whole"/>.</param>
    /// <exception cref="ArgumentException">The channels do not fit the weight, or the groups do not divide them.</exception>
    public static NormConvolutionShape? Of(ComputeDevice device, TensorShape input, TensorShape small, TensorShape weight, int groups, TensorShape whole = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        var joined = input.WithChannels(input.C + small.C);
        if (groups < 0 || (groups > 0 && joined.C % groups != 0))
            throw new ArgumentException($"NormConvolution: {joined.C} channels do not divide into {groups} groups (input {input}).");
        if (device.Capabilities is not { OnHost: true, Winograd: true } || joined.Voxels > int.MaxValue)
            return null;
        var shape = ConvolutionShape.Create(joined, weight, (weight.N / 2, weight.D / 2, weight.H / 2)) with { Whole = whole };
        var grid = small.C == 0 ? WinogradGrid.Of(shape) : WinogradGrid.Of(shape, input, small);
        return grid is { } tiles && tiles.Output.WithChannels(1) == input.WithChannels(1)
            ? new NormConvolutionShape(input, small, weight, groups == 0 ? joined.C : groups, groups == 0, tiles)
            : null;
    }

    internal GroupNormShape NormOf(TensorShape side) =>
        WholeBatch ? GroupNormShape.OfBatch(side) : new GroupNormShape(side.N, (int)side.VoxelsPerImage, side.C, side.C);
}
