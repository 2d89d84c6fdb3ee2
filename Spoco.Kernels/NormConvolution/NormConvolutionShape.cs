namespace Spoco.Kernels;

/// <summary>
/// A unit of a network: x [N,D,H,W,C], and behind its channels those of a second tensor that is enlarged to its size with nearest neighbours, are
/// normalised together, convolved with a weight [kD,kH,kW,Cin,Cout] of odd extents, whose padding keeps the extents, and passed through an activation.
/// </summary>
internal readonly record struct NormConvolutionShape
{
    private NormConvolutionShape(TensorShape input, TensorShape small, ConvolutionShape convolution, int groups, bool wholeBatch, ActivationFunction activation)
    {
        Input = input;
        Small = small;
        Convolution = convolution;
        Groups = groups;
        WholeBatch = wholeBatch;
        Activation = activation;
    }

    /// <summary>Shape of x.</summary>
    public TensorShape Input { get; }

    /// <summary>Shape of the second tensor; without voxels where there is none.</summary>
    public TensorShape Small { get; }

    /// <summary>The convolution of the joined tensor.</summary>
    public ConvolutionShape Convolution { get; }

    /// <summary>Groups of channels that share statistics.</summary>
    public int Groups { get; }

    /// <summary>Whether statistics are those of the whole batch (batch normalisation), not of every image.</summary>
    public bool WholeBatch { get; }

    /// <summary>f.</summary>
    public ActivationFunction Activation { get; }

    /// <summary>Shape of the weight.</summary>
    public WeightShape Weight => Convolution.Weight;

    /// <summary>Shape of the result.</summary>
    public TensorShape Output => Convolution.Output;

    /// <summary>Pairs of mean and variance.</summary>
    public int Statistics => Images * Groups;

    internal int Channels => Convolution.InputChannels;

    internal int ChannelsPerGroup => Channels / Groups;

    internal bool HasSmall => Small.C > 0;

    /// <summary>Images with statistics of their own.</summary>
    internal int Images => WholeBatch ? 1 : Input.N;

    /// <summary>x and the second tensor enlarged and joined.</summary>
    internal TensorShape Joined => Convolution.Input;

    /// <summary>How the second tensor is enlarged and joined.</summary>
    internal UpsampleShape Enlargement => UpsampleShape.Of(nameof(Primitives.NormConvolution), Small, (Input.D, Input.H, Input.W), Input.C);

    /// <summary>The normalisation of the joined tensor.</summary>
    internal GroupNormShape Norm => WholeBatch ? GroupNormShape.OfBatch(Joined) : GroupNormShape.Of(Joined, Groups);

    /// <summary>Checks extents against each other.</summary>
    /// <param name="input">Shape of x.</param>
    /// <param name="small">Shape of the second tensor; default = none.</param>
    /// <param name="weight">Shape of the weight.</param>
    /// <param name="groups">Groups of the group norm; 0 = batch norm.</param>
    /// <param name="activation">f.</param>
    /// <param name="whole">See <see cref="ConvolutionShape.Whole"/>.</param>
    /// <exception cref="ArgumentException">
    /// The channels do not fit the weight, the groups do not divide them, the second tensor has other images, or the window has an even extent.
    /// </exception>
    public static NormConvolutionShape Create(
        TensorShape input, TensorShape small, WeightShape weight, int groups, ActivationFunction activation, TensorShape whole = default)
    {
        var joined = input.WithChannels(input.C + small.C);
        if (groups < 0 || (groups > 0 && joined.C % groups != 0))
            throw new ArgumentException($"NormConvolution: {joined.C} channels do not divide into {groups} groups (input {input}).");
        if (small.C > 0 && small.N != input.N)
            throw new ArgumentException($"NormConvolution: the second tensor has {small.N} images, the first one {input.N}.");
        if (weight.D % 2 == 0 || weight.H % 2 == 0 || weight.W % 2 == 0)
            throw new ArgumentException($"NormConvolution: the window must have odd extents (weight {weight}).");
        var convolution = ConvolutionShape.Create(joined, weight, (weight.D / 2, weight.H / 2, weight.W / 2)) with { Whole = whole };
        return new NormConvolutionShape(input, small, convolution, groups == 0 ? joined.C : groups, groups == 0, activation);
    }

    internal GroupNormShape NormOf(TensorShape side) =>
        WholeBatch ? GroupNormShape.OfBatch(side) : new GroupNormShape(side.N, (int)side.VoxelsPerImage, side.C, side.C);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(WholeBatch ? "batch norm" : $"{Groups} groups")}, {(HasSmall ? $"second {Small}, " : "")}{Convolution}, {Activation}";
}
