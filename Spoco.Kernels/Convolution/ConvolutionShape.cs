namespace Spoco.Kernels;

/// <summary>
/// Geometry of a convolution with stride 1: x [N,D,H,W,Cin] and weight [kD,kH,kW,Cin,Cout] give y [N,D',H',W',Cout] with
/// D' = D + 2 padding - kD + 1 (H', W' alike). Blittable: kernels take it as it is.
/// </summary>
internal readonly record struct ConvolutionShape
{
    private ConvolutionShape(TensorShape input, WeightShape weight, int paddingD, int paddingH, int paddingW)
    {
        Input = input;
        Weight = weight;
        PaddingD = paddingD;
        PaddingH = paddingH;
        PaddingW = paddingW;
    }

    /// <summary>Shape of x, [N,D,H,W,Cin].</summary>
    public TensorShape Input { get; }

    /// <summary>Shape of the weight, [kD,kH,kW,Cin,Cout].</summary>
    public WeightShape Weight { get; }

    /// <summary>Zeros before the first and after the last slice.</summary>
    public int PaddingD { get; }

    /// <summary>Zeros before the first and after the last row.</summary>
    public int PaddingH { get; }

    /// <summary>Zeros before the first and after the last column.</summary>
    public int PaddingW { get; }

    /// <summary>Slices of the kernel window.</summary>
    public int KernelD => Weight.D;

    /// <summary>Rows of the kernel window.</summary>
    public int KernelH => Weight.H;

    /// <summary>Columns of the kernel window.</summary>
    public int KernelW => Weight.W;

    /// <summary>Input channels.</summary>
    public int InputChannels => Weight.Inputs;

    /// <summary>Output channels.</summary>
    public int OutputChannels => Weight.Outputs;

    /// <summary>Positions of the kernel window: kD kH kW.</summary>
    public int Taps => Weight.Taps;

    /// <summary>Terms of one output value: kD kH kW Cin.</summary>
    public int Terms => Taps * InputChannels;

    /// <summary>Shape of y, [N,D',H',W',Cout].</summary>
    public TensorShape Output => new(
        Input.N,
        Input.D + 2 * PaddingD - KernelD + 1,
        Input.H + 2 * PaddingH - KernelH + 1,
        Input.W + 2 * PaddingW - KernelW + 1,
        OutputChannels);

    /// <summary>
    /// Extents of the result that decides how it is computed, where the input is a part of a larger one: the part is then computed as the whole would be, and
    /// has its bits. Without voxels = the result itself. Its images and channels do not matter.
    /// </summary>
    public TensorShape Whole { get; init; }

    /// <summary>Floating-point operations of one pass in any direction: 2 per multiplication, those with padding included.</summary>
    public long Operations => 2 * Output.Voxels * Terms * OutputChannels;

    /// <summary>Whether every output voxel depends on the one input voxel at its place: a matrix product.</summary>
    internal bool IsPointwise => Taps == 1 && PaddingD == 0 && PaddingH == 0 && PaddingW == 0;

    /// <summary>
    /// The convolution that computes dx from dy: window mirrored, channels exchanged, padding k - 1 - padding. That padding is negative, and
    /// crops, where the original one is larger than the window.
    /// </summary>
    internal ConvolutionShape Transposed => new(
        Output,
        new WeightShape(KernelD, KernelH, KernelW, OutputChannels, InputChannels),
        KernelD - 1 - PaddingD,
        KernelH - 1 - PaddingH,
        KernelW - 1 - PaddingW);

    /// <summary>The same matrix product on one row of all voxels; this shape where it is no such product, or too long for one row.</summary>
    internal ConvolutionShape Flattened => IsPointwise && Input.Voxels <= int.MaxValue
        ? new ConvolutionShape(new TensorShape(1, 1, 1, (int)Input.Voxels, InputChannels), Weight, 0, 0, 0)
        : this;

    /// <summary>Checks extents against each other.</summary>
    /// <param name="input">Shape of x, [N,D,H,W,Cin].</param>
    /// <param name="weight">Shape of the weight, [kD,kH,kW,Cin,Cout].</param>
    /// <param name="padding">Zeros added on both sides of each axis, at least 0.</param>
    /// <exception cref="ArgumentException">
    /// The channels differ, an extent or a padding is out of range, or the window is larger than the padded input.
    /// </exception>
    public static ConvolutionShape Create(TensorShape input, WeightShape weight, (int D, int H, int W) padding)
    {
        if (!input.IsValid || !weight.IsValid)
            throw new ArgumentException($"Convolution: every extent must be at least 1 (input {input}, weight {weight}).");
        if (padding.D < 0 || padding.H < 0 || padding.W < 0)
            throw new ArgumentException($"Convolution: padding must be at least 0, got ({padding.D},{padding.H},{padding.W}).");
        if (input.C != weight.Inputs)
            throw new ArgumentException($"Convolution: input has {input.C} channels, weight expects {weight.Inputs} (input {input}, weight {weight}).");
        if ((long)weight.D * weight.H * weight.W * weight.Inputs > int.MaxValue / 64)
            throw new ArgumentException($"Convolution: weight {weight} has too many terms per output value.");
        if (Extent(input.D, padding.D, weight.D) || Extent(input.H, padding.H, weight.H) || Extent(input.W, padding.W, weight.W))
            throw new ArgumentException($"Convolution: the kernel must fit the padded input, which must fit 31 bits "
                + $"(input {input}, weight {weight}, padding ({padding.D},{padding.H},{padding.W})).");
        return new ConvolutionShape(input, weight, padding.D, padding.H, padding.W);

        static bool Extent(int size, int padding, int kernel) => size + 2L * padding is var padded && (padded < kernel || padded > int.MaxValue);
    }

    /// <summary>The extents as text.</summary>
    public override string ToString() => $"input {Input}, weight {Weight}, padding ({PaddingD},{PaddingH},{PaddingW})";
}
