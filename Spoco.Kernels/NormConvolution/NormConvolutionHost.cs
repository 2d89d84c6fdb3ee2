namespace Spoco.Kernels.Primitives;

/// <summary>
/// Normalisation, convolution and activation on the host. Sums over the enlarged tensor are those over the small one times the number of copies; the
/// gradient of the small tensor comes out of the convolution already summed over them.
/// </summary>
internal static unsafe class NormConvolutionHost
{
    public static void Statistics(
        HostDevice host, in NormConvolutionShape shape, float eps, DeviceBuffer<float> x, DeviceBuffer<float> small, DeviceBuffer<float> mean,
        DeviceBuffer<float> rstd, RunningStatistics running)
    {
        var (norm, smallNorm) = (shape.NormOf(shape.Input), shape.HasSmall ? shape.NormOf(shape.Small) : default);
        using var memory = host.Allocate<double>(2L * norm.Images * shape.Channels, nameof(NormConvolution)).Memory;
        var moments = (double*)memory.Block.Pointer;
        var smallMoments = moments + 2L * norm.Images * shape.Input.C;
        GroupNormHost.Moments(host, norm, x.HostAddress, moments);
        if (shape.HasSmall)
            GroupNormHost.Moments(host, smallNorm, small.HostAddress, smallMoments);

        // Every channel of the joined tensor has as many values.
        var count = (double)norm.Voxels * shape.ChannelsPerGroup;
        for (var set = 0; set < shape.Statistics; set++)
        {
            var (n, first) = (set / shape.Groups, set % shape.Groups * shape.ChannelsPerGroup);
            double average = 0, squares = 0;
            for (var c = first; c < first + shape.ChannelsPerGroup; c++)
                average += Pair(c)[0] / shape.ChannelsPerGroup;
            for (var c = first; c < first + shape.ChannelsPerGroup; c++)
            {
                var difference = Pair(c)[0] - average;
                squares += Pair(c)[1] * (c < norm.Channels ? 1 : norm.Voxels / smallNorm.Voxels) + norm.Voxels * difference * difference;
            }

            mean.HostAddress[set] = (float)average;
            rstd.HostAddress[set] = (float)(1 / Math.Sqrt(squares / count + eps));
            if (running.Mean.IsNull)
                continue;
            ref var runningMean = ref running.Mean.HostAddress[set];
            ref var runningVariance = ref running.Variance.HostAddress[set];
            runningMean = (float)((1.0 - running.Momentum) * runningMean + running.Momentum * average);
            runningVariance = (float)((1.0 - running.Momentum) * runningVariance + running.Momentum * squares / (count - 1));

            double* Pair(int c) => c < norm.Channels
                ? moments + 2L * (n * norm.Channels + c)
                : smallMoments + 2L * (n * smallNorm.Channels + c - norm.Channels);
        }
    }

    public static void Forward(
        HostDevice host, in NormConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> small, in NormBuffers norm,
        DeviceBuffer<float> weight, DeviceBuffer<float> y, float slope)
    {
        using var affine = new Affine(host, shape, norm);
        WinogradHost.Run(host, new WinogradPass
        {
            Grid = shape.Grid,
            Source = affine.Source(shape, x.HostAddress),
            SecondSource = affine.SecondSource(shape, small),
            Target = new WinogradTarget { Values = y.HostAddress, Shape = shape.Output, Slope = slope },
            Weight = weight.HostAddress,
            WeightShape = shape.Weight,
        });
    }

    public static void Backward(
        HostDevice host, in NormConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> y, DeviceBuffer<float> x,
        DeviceBuffer<float> small, in NormBuffers norm, DeviceBuffer<float> weight, float slope, bool constantStatistics,
        in NormConvolutionGradients gradients)
    {
        var gated = new WinogradSource { Values = dy.HostAddress, Shape = shape.Output, Gate = slope == 1 ? null : y.HostAddress, Slope = slope };
        if (!gradients.Weight.IsNull)
        {
            using var affine = new Affine(host, shape, norm);
            WinogradHost.BackwardWeight(host, shape.Grid, affine.Source(shape, x.HostAddress), affine.SecondSource(shape, small), gated,
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
        WinogradHost.Run(host, new WinogradPass
        {
            Grid = shape.Grid.Transposed(shape.Input),
            Source = gated,
            Target = new WinogradTarget { Values = dx, Shape = shape.Input, Slope = 1 },
            SecondTarget = shape.HasSmall
                ? new WinogradTarget { Values = dsmall, Shape = shape.Small, Half = true, Slope = 1, FirstChannel = shape.Input.C }
                : default,
            Weight = weight.HostAddress,
            WeightShape = shape.Weight,
            Transposed = true,
        });
        NormGradient(host, shape, x.HostAddress, shape.HasSmall ? small.HostAddress : null, norm, constantStatistics, dx, dsmall, gradients);
    }

    /// <summary>
    /// From the gradient g of the normalised tensors, in place: with averages over a group dx = rstd (gamma g - avg(gamma g) - z avg(gamma g z)),
    /// dgamma = sum g z, dbeta = sum g. A voxel of the small tensor stands for several, and its g is their sum.
    /// </summary>
    private static void NormGradient(
        HostDevice host, in NormConvolutionShape shape, float* x, float* small, in NormBuffers norm, bool constantStatistics, float* dx,
        float* dsmall, in NormConvolutionGradients gradients)
    {
        var (large, little) = (shape.NormOf(shape.Input), shape.HasSmall ? shape.NormOf(shape.Small) : default);
        var (count, smallCount) = (large.Images * large.Channels, little.Images * little.Channels);
        using var memory = host.Allocate<double>(4L * (count + smallCount), nameof(NormConvolution)).Memory;
        var sums = (double*)memory.Block.Pointer;
        var smallSums = sums + 2L * count;
        var lines = new ChannelLines((float*)(sums + 2L * (count + smallCount)), count);
        var smallLines = new ChannelLines(lines.Means + 4L * count, smallCount);
        for (var i = 0; i < count; i++)
            lines.Means[i] = norm.Mean.HostAddress[i / large.Channels * shape.Groups + i % large.Channels / shape.ChannelsPerGroup];
        for (var i = 0; i < smallCount; i++)
        {
            smallLines.Means[i] = norm.Mean.HostAddress[
                i / little.Channels * shape.Groups + (large.Channels + i % little.Channels) / shape.ChannelsPerGroup];
        }

        GroupNormHost.Sums(host, large, dx, x, lines.Means, sums);
        if (shape.HasSmall)
            GroupNormHost.Sums(host, little, dsmall, small, smallLines.Means, smallSums);
        if (!gradients.Gamma.IsNull)
            new Span<float>(gradients.Gamma.HostAddress, shape.Channels).Clear();
        if (!gradients.Beta.IsNull)
            new Span<float>(gradients.Beta.HostAddress, shape.Channels).Clear();
        for (var set = 0; set < shape.Statistics; set++)
        {
            var (n, first) = (set / shape.Groups, set % shape.Groups * shape.ChannelsPerGroup);
            double r = norm.Rstd.HostAddress[set], average = 0, correlation = 0;
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

        if (!gradients.Input.IsNull)
            GroupNormHost.Combine(host, large, dx, x, lines, dx);
        if (!gradients.Small.IsNull)
            GroupNormHost.Combine(host, little, dsmall, small, smallLines, dsmall);
    }

    /// <summary>norm(v) = v scale + shift for every image and channel, for the time of a call.</summary>
    private readonly struct Affine : IDisposable
    {
        private readonly DeviceMemory _memory;
        private readonly int _firstSmall;
        private readonly int _count;

        public Affine(HostDevice host, in NormConvolutionShape shape, in NormBuffers norm)
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
                    Scales[i] = norm.Rstd.HostAddress[set] * norm.Gamma.HostAddress[c];
                    Scales[_count + i] = norm.Beta.HostAddress[c] - norm.Mean.HostAddress[set] * Scales[i];
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
