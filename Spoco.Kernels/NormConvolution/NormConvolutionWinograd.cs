namespace Spoco.Kernels.Primitives;

/// <summary>
/// The unit on the host, by Winograd's algorithm: inputs are normalised, enlarged and joined where their tiles are transformed, results are pooled and summed
/// up where theirs are. Sums over the enlarged tensor are those over the small one times the number of copies; the gradient of the small tensor comes out of
/// the convolution already summed over them. Moments are pairs of mean and sum of squared deviations in double precision, one per image and channel; the
/// statistics are mean and rstd of every group.
/// </summary>
internal sealed unsafe class NormConvolutionWinograd : NormConvolutionAlgorithm
{
    /// <summary>Floats of a pair of moments.</summary>
    private const int MomentFloats = 4;

    /// <inheritdoc/>
    public override string Name => "winograd";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in NormConvolutionShape shape) =>
        device is { OnHost: true, Winograd: true } && shape.Activation.IsPiecewiseLinear && TryGrid(shape) is not null;

    /// <inheritdoc/>
    public override bool Pools(in NormConvolutionShape shape, in PoolingShape pool) => WinogradPooling.Fits(Grid(shape), pool);

    /// <inheritdoc/>
    public override long MomentsLength(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool) =>
        (long)MomentFloats * shape.Output.N * shape.Output.C;

    /// <inheritdoc/>
    public override long StatisticsLength(in NormConvolutionShape shape) => 2L * shape.Statistics;

    /// <summary>The tiles of a unit, and null where its shape has none: see <see cref="WinogradGrid.Of(in ConvolutionShape)"/>.</summary>
    internal static WinogradGrid? TryGrid(in NormConvolutionShape shape) =>
        shape.HasSmall ? WinogradGrid.Of(shape.Convolution, shape.Input, shape.Small) : WinogradGrid.Of(shape.Convolution);

    /// <inheritdoc/>
    public override (long Temporary, long Workspace) Memory(ComputeDevice device, in NormConvolutionShape shape) =>
        (0, Grid(shape).Workspace(device.Host.Workers.Workers, shape.Weight.Inputs, shape.Weight.Outputs));

    /// <inheritdoc/>
    public override void Measure(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, RunningStatistics running, DeviceBuffer<float> statistics)
    {
        var host = statistics.Device.Host;
        var (large, little) = (shape.Input.N * shape.Input.C, shape.Small.N * shape.Small.C);
        using var memory = host.Allocate<double>(2L * (large + little), nameof(NormConvolution)).Memory;
        var moments = inputs.Moments.Cast<double>().HostAddress;
        if (moments == null)
        {
            moments = (double*)memory.Block.Pointer;
            GroupNormHost.Moments(host, GroupNormShape.Of(shape.Input, shape.Input.C), inputs.X.HostAddress, moments);
        }

        var smallMoments = inputs.SmallMoments.Cast<double>().HostAddress;
        if (smallMoments == null && shape.HasSmall)
        {
            smallMoments = (double*)memory.Block.Pointer + 2L * large;
            GroupNormHost.Moments(host, GroupNormShape.Of(shape.Small, shape.Small.C), inputs.Small.HostAddress, smallMoments);
        }

        // Every channel of an image has as many values in the joined tensor.
        var (voxels, images) = (shape.Input.VoxelsPerImage, shape.WholeBatch ? shape.Input.N : 1);
        var count = (double)voxels * images * shape.ChannelsPerGroup;
        for (var set = 0; set < shape.Statistics; set++)
        {
            var firstImage = shape.WholeBatch ? 0 : set / shape.Groups;
            var first = set % shape.Groups * shape.ChannelsPerGroup;
            double average = 0, squares = 0;
            for (var n = firstImage; n < firstImage + images; n++)
            {
                for (var c = first; c < first + shape.ChannelsPerGroup; c++)
                    average += Pair(shape, n, c)[0] / (shape.ChannelsPerGroup * images);
            }

            for (var n = firstImage; n < firstImage + images; n++)
            {
                for (var c = first; c < first + shape.ChannelsPerGroup; c++)
                {
                    var difference = Pair(shape, n, c)[0] - average;
                    var copies = c < shape.Input.C ? 1 : voxels / shape.Small.VoxelsPerImage;
                    squares += Pair(shape, n, c)[1] * copies + voxels * difference * difference;
                }
            }

            statistics.HostAddress[set] = (float)average;
            statistics.HostAddress[shape.Statistics + set] = (float)(1 / Math.Sqrt(squares / count + norm.Eps));
            if (running.Mean.IsNull)
                continue;
            ref var runningMean = ref running.Mean.HostAddress[set];
            ref var runningVariance = ref running.Variance.HostAddress[set];
            runningMean = (float)((1.0 - running.Momentum) * runningMean + running.Momentum * average);
            runningVariance = (float)((1.0 - running.Momentum) * runningVariance + running.Momentum * squares / (count - 1));
        }

        double* Pair(in NormConvolutionShape shape, int n, int c) => c < shape.Input.C
            ? moments + 2L * (n * shape.Input.C + c)
            : smallMoments + 2L * (n * shape.Small.C + c - shape.Input.C);
    }

    /// <inheritdoc/>
    public override void Know(
        in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> statistics)
    {
        mean.CopyTo(statistics.Slice(0, shape.Channels));
        BatchNorm.ReciprocalDeviation(variance, norm.Eps, statistics.Slice(shape.Channels, shape.Channels));
    }

    /// <inheritdoc/>
    public override void Forward(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, DeviceBuffer<float> statistics, DeviceBuffer<float> weight,
        in NormConvolutionResults results)
    {
        var (host, grid) = (statistics.Device.Host, Grid(shape));
        using var affine = new Affine(host, shape, norm, statistics);
        using var sums = new Sums(host, WinogradUnits.Of(grid, shape.Output, false), !results.Moments.IsNull);
        var pools = !results.PooledMoments.IsNull;
        using var pooledSums = new Sums(host, pools ? WinogradUnits.OfPooled(grid, results.Pool) : default, pools);
        WinogradHost.Run(host, new WinogradPass
        {
            Grid = grid,
            Source = affine.Source(shape, inputs.X.HostAddress),
            SecondSource = affine.SecondSource(shape, inputs.Small.Single),
            Target = new WinogradTarget
            {
                Values = results.Y.HostAddress,
                Shape = shape.Output,
                Slope = shape.Activation.NegativeSlope,
                Sums = sums.Moments,
                Pooling = new WinogradPooling
                {
                    Values = results.Pooled.HostAddress,
                    Shape = results.Pooled.IsNull ? default : results.Pool.Output,
                    Depth = results.Pool.WindowD,
                    Places = results.Places.HostAddress,
                    Sums = pooledSums.Moments,
                },
            },
            Weight = weight.HostAddress,
            WeightShape = shape.Weight,
        });
        if (!results.Moments.IsNull)
            sums.Moments.JoinMoments(host, results.Moments.Cast<double>().HostAddress);
        if (pools)
            pooledSums.Moments.JoinMoments(host, results.PooledMoments.Cast<double>().HostAddress);
    }

    /// <inheritdoc/>
    public override void Backward(
        in NormConvolutionShape shape, ValueBuffer dy, ValueBuffer y, in NormConvolutionInputs inputs, in NormParameters norm,
        DeviceBuffer<float> statistics, DeviceBuffer<float> weight, bool constantStatistics, in NormConvolutionGradients gradients)
    {
        var (host, forward) = (statistics.Device.Host, Grid(shape));
        var slope = shape.Activation.NegativeSlope;
        var gated = new WinogradSource { Values = dy.HostAddress, Shape = shape.Output, Gate = slope == 1 ? null : y.HostAddress, Slope = slope };
        if (!gradients.Weight.IsNull)
        {
            using var affine = new Affine(host, shape, norm, statistics);
            WinogradHost.BackwardWeight(host, forward, affine.Source(shape, inputs.X.HostAddress), affine.SecondSource(shape, inputs.Small.Single), gated,
                gradients.Weight.HostAddress);
        }

        if (gradients is { Input.IsNull: true, Small.IsNull: true, Gamma.IsNull: true, Beta.IsNull: true })
            return;

        // The gradient of the normalised tensors; memory of their own only where the caller wants no gradient of the inputs.
        using var spare = host.Allocate<float>(
            (gradients.Input.IsNull ? shape.Input.Count : 0) + (shape.HasSmall && gradients.Small.IsNull ? shape.Small.Count : 0),
            nameof(NormConvolution)).Memory;
        var spareValues = (float*)spare.Block.Pointer;
        var dx = gradients.Input.IsNull ? spareValues : gradients.Input.HostAddress;
        var dsmall = gradients.Small.IsNull ? spareValues + (gradients.Input.IsNull ? shape.Input.Count : 0) : gradients.Small.HostAddress;
        var grid = forward.Transposed(shape.Input);
        var (large, little) = (new Side(shape, 0, shape.Input), new Side(shape, shape.Input.C, shape.Small));
        using var lineMemory = host.Allocate<float>(4L * (large.Count + little.Count), nameof(NormConvolution)).Memory;
        var lines = new ChannelLines((float*)lineMemory.Block.Pointer, large.Count);
        var smallLines = new ChannelLines(lines.Means + 4L * large.Count, little.Count);
        large.Means(statistics.HostAddress, lines.Means);
        little.Means(statistics.HostAddress, smallLines.Means);
        using var partials = new Sums(host, WinogradUnits.Of(grid, shape.Input, false), true);
        using var smallPartials = new Sums(host, shape.HasSmall ? WinogradUnits.Of(grid, shape.Small, true) : default, shape.HasSmall);
        var sums = partials.Products(inputs.X.HostAddress, lines.Means, large);
        var smallSums = smallPartials.Products(inputs.Small.HostAddress, smallLines.Means, little);
        WinogradHost.Run(host, new WinogradPass
        {
            Grid = grid,
            Source = gated,
            Target = new WinogradTarget { Values = dx, Shape = shape.Input, Slope = 1, Sums = sums },
            SecondTarget = shape.HasSmall
                ? new WinogradTarget
                {
                    Values = dsmall, Shape = shape.Small, Half = true, Slope = 1, FirstChannel = shape.Input.C, Sums = smallSums,
                }
                : default,
            Weight = weight.HostAddress,
            WeightShape = shape.Weight,
            Transposed = true,
        });
        using var pairMemory = host.Allocate<double>(2L * (large.Count + little.Count), nameof(NormConvolution)).Memory;
        var pairs = (double*)pairMemory.Block.Pointer;
        var smallPairs = pairs + 2L * large.Count;
        sums.JoinProducts(host, large.Images, pairs);
        if (shape.HasSmall)
            smallSums.JoinProducts(host, little.Images, smallPairs);
        NormGradient(shape, norm, statistics.HostAddress + shape.Statistics, constantStatistics, pairs, smallPairs, lines, smallLines, gradients);
        if (!gradients.Input.IsNull)
            GroupNormHost.Combine(host, shape.NormOf(shape.Input), dx, inputs.X.HostAddress, lines, dx);
        if (!gradients.Small.IsNull)
            GroupNormHost.Combine(host, shape.NormOf(shape.Small), dsmall, inputs.Small.HostAddress, smallLines, dsmall);
    }

    private static WinogradGrid Grid(in NormConvolutionShape shape) => TryGrid(shape)!.Value;

    /// <summary>
    /// From the gradient g of the normalised tensors: with averages over a group dx = rstd (gamma g - avg(gamma g) - z avg(gamma g z)),
    /// dgamma = sum g z, dbeta = sum g. A voxel of the small tensor stands for several, and its g is their sum.
    /// </summary>
    private static void NormGradient(
        in NormConvolutionShape shape, in NormParameters norm, float* rstd, bool constantStatistics, double* sums, double* smallSums, ChannelLines lines,
        ChannelLines smallLines, in NormConvolutionGradients gradients)
    {
        var (large, little) = (shape.NormOf(shape.Input), shape.HasSmall ? shape.NormOf(shape.Small) : default);
        if (!gradients.Gamma.IsNull)
            new Span<float>(gradients.Gamma.HostAddress, shape.Channels).Clear();
        if (!gradients.Beta.IsNull)
            new Span<float>(gradients.Beta.HostAddress, shape.Channels).Clear();
        for (var set = 0; set < shape.Statistics; set++)
        {
            var (n, first) = (set / shape.Groups, set % shape.Groups * shape.ChannelsPerGroup);
            double r = rstd[set], average = 0, correlation = 0;
            for (var c = first; c < first + shape.ChannelsPerGroup; c++)
            {
                var s = c < large.Channels ? sums + 2L * (n * large.Channels + c) : smallSums + 2L * (n * little.Channels + c - large.Channels);
                if (!gradients.Gamma.IsNull)
                    gradients.Gamma.HostAddress[c] += (float)(s[1] * r);
                if (!gradients.Beta.IsNull)
                    gradients.Beta.HostAddress[c] += (float)s[0];
                average += norm.Gamma.HostAddress[c] * s[0];
                correlation += norm.Gamma.HostAddress[c] * s[1];
            }

            var values = constantStatistics ? double.PositiveInfinity : (double)large.Voxels * shape.ChannelsPerGroup;
            for (var c = first; c < first + shape.ChannelsPerGroup; c++)
            {
                var isLarge = c < large.Channels;
                var line = isLarge ? lines : smallLines;
                var i = isLarge ? n * large.Channels + c : n * little.Channels + c - large.Channels;
                var copies = isLarge ? 1 : large.Voxels / little.Voxels;
                line.Scales[i] = (float)(r * norm.Gamma.HostAddress[c]);
                line.Slopes[i] = (float)(-r * r * r * correlation / values * copies);
                line.Offsets[i] = (float)(-r * average / values * copies);
            }
        }
    }

    /// <summary>One of the two tensors that are normalised together, and the images that have statistics of their own.</summary>
    private readonly struct Side(in NormConvolutionShape shape, int firstChannel, TensorShape tensor)
    {
        private readonly int _groups = shape.Groups;
        private readonly int _channelsPerGroup = shape.ChannelsPerGroup;

        public int Images { get; } = shape.WholeBatch ? 1 : shape.Input.N;

        public int Channels => tensor.C;

        public int Count => Images * Channels;

        /// <summary>Writes the mean of every image and channel.</summary>
        public void Means(float* mean, float* means)
        {
            for (var i = 0; i < Count; i++)
                means[i] = mean[i / Channels * _groups + (firstChannel + i % Channels) / _channelsPerGroup];
        }
    }

    /// <summary>Memory of <see cref="WinogradSums"/> for the time of a call.</summary>
    private readonly struct Sums(HostDevice host, WinogradUnits units, bool wanted) : IDisposable
    {
        private readonly DeviceBuffer<float> _partials = host.Allocate<float>(wanted ? WinogradSums.Length(units) : 0, nameof(NormConvolution));

        public WinogradSums Moments => wanted ? new WinogradSums { Partials = _partials.HostAddress, Units = units } : default;

        public WinogradSums Products(float* x, float* means, Side side) => wanted
            ? new WinogradSums
            {
                Partials = _partials.HostAddress, Units = units, X = x, Means = means, ImageStride = side.Images > 1 ? side.Channels : 0,
            }
            : default;

        public void Dispose() => _partials.Memory.Dispose();
    }

    /// <summary>norm(v) = v scale + shift for every image and channel, for the time of a call.</summary>
    private readonly struct Affine : IDisposable
    {
        private readonly DeviceMemory _memory;
        private readonly int _firstSmall;
        private readonly int _count;

        public Affine(HostDevice host, in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> statistics)
        {
            _count = shape.Input.N * shape.Channels;
            _firstSmall = shape.Input.N * shape.Input.C;
            _memory = host.Allocate<float>(2L * _count, nameof(NormConvolution)).Memory;
            for (var n = 0; n < shape.Input.N; n++)
            {
                for (var c = 0; c < shape.Channels; c++)
                {
                    var set = (shape.WholeBatch ? 0 : n) * shape.Groups + c / shape.ChannelsPerGroup;
                    var i = c < shape.Input.C ? n * shape.Input.C + c : _firstSmall + n * shape.Small.C + c - shape.Input.C;
                    Scales[i] = statistics.HostAddress[shape.Statistics + set] * norm.Gamma.HostAddress[c];
                    Scales[_count + i] = norm.Beta.HostAddress[c] - statistics.HostAddress[set] * Scales[i];
                }
            }
        }

        private float* Scales => (float*)_memory.Block.Pointer;

        public WinogradSource Source(in NormConvolutionShape shape, float* x) =>
            new() { Values = x, Shape = shape.Input, Scale = Scales, Shift = Scales + _count };

        public WinogradSource SecondSource(in NormConvolutionShape shape, DeviceBuffer<float> small) => shape.HasSmall
            ? new()
            {
                Values = small.HostAddress,
                Shape = shape.Small,
                Half = true,
                FirstTerm = shape.Input.C,
                Scale = Scales + _firstSmall,
                Shift = Scales + _count + _firstSmall,
            }
            : default;

        public void Dispose() => _memory.Dispose();
    }
}
