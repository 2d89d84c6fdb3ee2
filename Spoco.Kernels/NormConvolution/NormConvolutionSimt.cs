namespace Spoco.Kernels.Primitives;

/// <summary>
/// The unit on ILGPU devices: tiles of an implicit matrix product that normalise, enlarge and join what they read, and pool and sum up what they write. The
/// statistics are mean and rstd of every group, then factor and summand of every image and channel.
/// </summary>
internal class NormConvolutionSimt : NormConvolutionAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "tiles";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in NormConvolutionShape shape) => !device.OnHost && device.GroupThreads >= TileLayouts.LeastThreads;

    /// <inheritdoc/>
    public override bool Pools(in NormConvolutionShape shape, in PoolingShape pool) => pool is { WindowD: 1 or 2, WindowH: 2, WindowW: 2 };

    /// <inheritdoc/>
    public override long MomentsLength(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool) =>
        PieceMoments.Arrays * Partials(ForwardBlocks(device, shape, pool), shape.Weight.Outputs);

    /// <inheritdoc/>
    public override long StatisticsLength(in NormConvolutionShape shape) => 2L * shape.Statistics + 2L * shape.Images * shape.Channels;

    /// <inheritdoc/>
    public override (long Temporary, long Workspace) Memory(ComputeDevice device, in NormConvolutionShape shape) =>
        (sizeof(float) * MomentsLength(device, shape, default), 0);

    /// <inheritdoc/>
    public override void Measure(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, RunningStatistics running, DeviceBuffer<float> statistics)
    {
        var device = statistics.Device.Ilgpu;
        using var holdings = new Holdings();
        var source = Source(shape, inputs, default);
        var small = default(DeviceBuffer<float>);
        var copies = 1;
        var first = Known(inputs.Moments) ?? NormConvolutionKernels.MomentsOf(device, holdings, source, 0, shape.Input.C);
        if (shape.HasSmall)
        {
            // Where every voxel has as many copies, its own moments are enough.
            if (IsMultiple(shape) && Known(inputs.SmallMoments) is { } known)
                (small, copies) = (known, (int)(shape.Input.VoxelsPerImage / shape.Small.VoxelsPerImage));
            else
                small = NormConvolutionKernels.MomentsOf(device, holdings, source, shape.Input.C, shape.Small.C);
        }

        NormConvolutionKernels.Merge(device, shape, norm, first, small, copies, running, statistics);
    }

    /// <inheritdoc/>
    public override void Know(
        in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> statistics) =>
        NormConvolutionKernels.Know(statistics.Device.Ilgpu, shape, norm, mean, variance, statistics);

    /// <inheritdoc/>
    public override void Forward(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, DeviceBuffer<float> statistics, DeviceBuffer<float> weight,
        in NormConvolutionResults results)
    {
        var device = statistics.Device.Ilgpu;
        var pool = results.Pooled.IsNull ? default : results.Pool;
        Multiply(device, Source(shape, inputs, statistics), weight, shape.Convolution, ForwardBlocks(device, shape, pool), new TileTarget
        {
            Y = results.Y.View,
            Moments = results.Moments.View,
            Pooled = results.Pooled.View,
            Places = results.Places.View,
            PooledMoments = results.PooledMoments.View,
            PooledShape = results.Pooled.IsNull ? default : pool.Output,
            Activation = shape.Activation,
            HasMoments = results.Moments.IsNull ? 0 : 1,
            HasPlaces = results.Places.IsNull ? 0 : 1,
            HasPooledMoments = results.PooledMoments.IsNull ? 0 : 1,
        });
    }

    /// <inheritdoc/>
    public override void Backward(
        in NormConvolutionShape shape, ValueBuffer dy, ValueBuffer y, in NormConvolutionInputs inputs, in NormParameters norm,
        DeviceBuffer<float> statistics, DeviceBuffer<float> weight, bool constantStatistics, in NormConvolutionGradients gradients)
    {
        var device = statistics.Device.Ilgpu;
        var gated = TileLaunch.Plain(dy, shape.Output);
        if (shape.Activation.Kind != ActivationKind.Identity)
            gated = gated with { Gate = y.View, Gated = 1, Activation = shape.Activation };
        using var holdings = new Holdings();
        var weightParts = gradients.Weight.IsNull ? default
            : WeightGradientParts(device, holdings, Source(shape, inputs, statistics), gated, shape.Convolution, gradients.Weight);
        if (gradients is { Input.IsNull: true, Small.IsNull: true } && !weightParts.IsNull)
            ChannelSumSimt.SumParts(device, weightParts, gradients.Weight);
        if (gradients is { Input.IsNull: true, Small.IsNull: true, Gamma.IsNull: true, Beta.IsNull: true })
            return;

        // The gradient of the normalised tensors, of the enlarged one where its voxels have different copies; memory of their own where nobody wants it.
        var sumsCopies = IsHalf(shape);
        var copied = shape.HasSmall && !sumsCopies && !IsEqual(shape);
        var dx = gradients.Input.IsNull ? Values(holdings, device, shape.Input, inputs.X.Type) : gradients.Input;
        var dsmall = !shape.HasSmall ? default
            : copied ? Values(holdings, device, shape.Input.WithChannels(shape.Small.C), ElementType.F32)
            : gradients.Small.IsNull ? Values(holdings, device, shape.Small, inputs.Small.Type) : gradients.Small;
        var blocks = BlocksOf(device, shape.Joined, shape.HasSmall && sumsCopies ? shape.Input.D == 2 * shape.Small.D : shape.Input.D > 1, shape.Convolution.Transposed);
        var sums = holdings.Allocate<float>(device, 2 * Partials(blocks, shape.Channels), nameof(NormConvolution));
        MultiplyGradient(device, gated, weight, shape.Convolution, blocks, new TileGradientTarget
        {
            Dx = dx.View,
            Dsmall = dsmall.View,
            Inputs = Source(shape, inputs, default),
            Mean = statistics.View,
            Sums = sums.View,
            Groups = shape.Groups,
            WholeBatch = shape.WholeBatch ? 1 : 0,
            HasSums = 1,
            SumsCopies = sumsCopies ? 1 : 0,
        });
        var lines = holdings.Allocate<NormLine>(device, (long)shape.Images * shape.Channels, nameof(NormConvolution));
        NormConvolutionKernels.Lines(device, shape, norm, statistics, constantStatistics, sums, gradients.Gamma, gradients.Beta, lines);
        if (gradients.Input.IsNull && gradients.Small.IsNull)
            return;
        var copies = sumsCopies ? (int)(shape.Input.VoxelsPerImage / shape.Small.VoxelsPerImage) : 1;
        NormConvolutionKernels.Combine(device, shape, Source(shape, inputs, default), lines, copies, copied,
            gradients.Input, gradients.Small.IsNull ? default : dsmall, weightParts, gradients.Weight);
        if (!copied || gradients.Small.IsNull)
            return;
        var ofCopies = gradients.Small.Type == ElementType.F32 ? gradients.Small.Single : holdings.Allocate<float>(device, shape.Small.Count, nameof(NormConvolution));
        UpsampleConcat.Backward(shape.Enlargement with { SkipChannels = 0 }, dsmall.Single, default, ofCopies);
        if (gradients.Small.Type != ElementType.F32)
            Cast.Apply(ElementType.F32, ofCopies.Bytes, gradients.Small.Type, gradients.Small.Bytes);
    }

    /// <summary>How a result is cut into tiles.</summary>
    /// <param name="device">Device.</param>
    /// <param name="result">Shape of the result.</param>
    /// <param name="deep">Whether blocks are 2x2x2 voxels, not 1x2x4.</param>
    /// <param name="shape">The convolution that has this result.</param>
    protected virtual TileBlocks BlocksOf(ComputeDevice device, TensorShape result, bool deep, in ConvolutionShape shape) =>
        TileBlocks.Of(result, deep, TileLayouts.For(device.Capabilities, shape.OutputChannels).RowThreads());

    /// <summary>The convolution, and what is wanted of its result.</summary>
    protected virtual void Multiply(
        IlgpuDevice device, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileTarget target) =>
        TileLaunch.Forward(device, TileLayouts.For(device.Capabilities, shape.OutputChannels), source, weight, shape, blocks, target);

    /// <summary>The gradient of its source.</summary>
    protected virtual void MultiplyGradient(
        IlgpuDevice device, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileGradientTarget target) =>
        TileLaunch.InputGradient(device, TileLayouts.For(device.Capabilities, shape.InputChannels), gradient, weight, shape, blocks, target);

    /// <summary>The gradient of the weight, see <see cref="TileLaunch.WeightGradientParts"/>.</summary>
    protected virtual DeviceBuffer<float> WeightGradientParts(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight) =>
        TileLaunch.WeightGradientParts(device, holdings, source, gradient, shape, dweight);

    /// <summary>The inputs, normalised where there are statistics.</summary>
    private static TileSource Source(in NormConvolutionShape shape, in NormConvolutionInputs inputs, DeviceBuffer<float> statistics)
    {
        var source = TileLaunch.Plain(inputs.X, shape.Input);
        source.Join(inputs.Small.View, shape.Small);
        if (statistics.IsNull)
            return source;
        var (lines, first) = ((long)shape.Images * shape.Channels, 2L * shape.Statistics);
        source.Scale = statistics.Slice(first, lines).View;
        source.Shift = statistics.Slice(first + lines, lines).View;
        source.Norm = shape.WholeBatch ? 2 : 1;
        return source;
    }

    private static ValueBuffer Values(Holdings holdings, IlgpuDevice device, TensorShape shape, ElementType type) =>
        new(holdings.Allocate<byte>(device, shape.Count * type.Bytes(), nameof(NormConvolution)), type);

    private static DeviceBuffer<float>? Known(DeviceBuffer<float> moments) => moments.IsNull ? null : moments;

    /// <summary>The blocks of the result: such that a block has whole windows.</summary>
    private TileBlocks ForwardBlocks(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool) =>
        BlocksOf(device, shape.Output, pool.WindowD == 0 ? shape.Output.D > 1 : pool.WindowD == 2, shape.Convolution);

    private static long Partials(in TileBlocks blocks, int channels) => (long)blocks.Image.N * blocks.Tiles * channels;

    /// <summary>Whether the second tensor is enlarged by two along rows and columns, and by one or two along the slices.</summary>
    private static bool IsHalf(in NormConvolutionShape shape) => shape.HasSmall && shape.Input.H == 2 * shape.Small.H && shape.Input.W == 2 * shape.Small.W
        && (shape.Input.D == shape.Small.D || shape.Input.D == 2 * shape.Small.D);

    private static bool IsEqual(in NormConvolutionShape shape) => shape.Input.WithChannels(1) == shape.Small.WithChannels(1);

    private static bool IsMultiple(in NormConvolutionShape shape) =>
        shape.Input.D % shape.Small.D == 0 && shape.Input.H % shape.Small.H == 0 && shape.Input.W % shape.Small.W == 0;
}
