using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Group normalisation on ILGPU devices. Thread groups reduce chunks of an image per channel, a second kernel joins the chunks of each set of
/// statistics; both in a fixed order, without atomics.
/// </summary>
internal sealed class GroupNormSimt : GroupNormAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "chunks";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in GroupNormShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Statistics(
        GroupNormShape shape, float eps, DeviceBuffer<float> x, DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        RunningStatistics running)
    {
        var device = x.Device.Ilgpu;
        var threads = Threads(device);
        var tiling = ChannelTiling.Of(shape, threads);
        var partials = device.Allocate<Moments>((long)shape.Images * tiling.Chunks * shape.Channels, nameof(GroupNorm));
        using var memory = partials.Memory;
        device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, ChannelTiling, ArrayView<float>, ArrayView<Moments>>(ChunkMoments))(
            Groups(shape, tiling, threads), shape, tiling, x.View, partials.View);
        device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, int, float, ArrayView<Moments>, ArrayView<float>,
            ArrayView<float>>(MergeMoments))(
            new KernelConfig(shape.Statistics, threads), shape, tiling.Chunks, eps, partials.View, mean.View, rstd.View);
        if (!running.Mean.IsNull)
            device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, GroupNormShape, float, float,
                ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(UpdateRunning))(
                shape.Groups, shape, eps, running.Momentum, mean.View, rstd.View, running.Mean.View, running.Variance.View);
    }

    /// <inheritdoc/>
    public override void Normalize(
        GroupNormShape shape, DeviceBuffer<float> x, DeviceBuffer<float> gamma, DeviceBuffer<float> beta,
        DeviceBuffer<float> mean, DeviceBuffer<float> rstd, DeviceBuffer<float> y)
    {
        var device = x.Device.Ilgpu;
        var threads = Threads(device);
        var tiling = ChannelTiling.Of(shape, threads);
        device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, ChannelTiling, ArrayView<float>, ArrayView<float>, ArrayView<float>,
            ArrayView<float>, ArrayView<float>, ArrayView<float>>(Normalize))(
            Groups(shape, tiling, threads), shape, tiling, x.View, gamma.View, beta.View, mean.View, rstd.View, y.View);
    }

    /// <inheritdoc/>
    public override void Backward(
        GroupNormShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> x, DeviceBuffer<float> gamma,
        DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        DeviceBuffer<float> dx, DeviceBuffer<float> dgamma, DeviceBuffer<float> dbeta, bool constantStatistics)
    {
        var device = x.Device.Ilgpu;
        var threads = Threads(device);
        var tiling = ChannelTiling.Of(shape, threads);
        var partials = device.Allocate<ChannelSums>((long)shape.Images * tiling.Chunks * shape.Channels, nameof(GroupNorm));
        using var memory = partials.Memory;
        var terms = device.Allocate<ChannelSums>(shape.Statistics, nameof(GroupNorm));
        using var termsMemory = terms.Memory;
        device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, ChannelTiling, ArrayView<float>, ArrayView<float>, ArrayView<float>,
            ArrayView<ChannelSums>>(ChunkSums))(Groups(shape, tiling, threads), shape, tiling, dy.View, x.View, mean.View, partials.View);
        if (!dgamma.IsNull)
            device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, int, ArrayView<ChannelSums>, ArrayView<float>,
                ArrayView<float>>(GammaGradient))(
                new KernelConfig(shape.Channels, threads), shape, tiling.Chunks, partials.View, rstd.View, dgamma.View);
        if (!dbeta.IsNull)
            device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, int, ArrayView<ChannelSums>, ArrayView<float>>(BetaGradient))(
                new KernelConfig(shape.Channels, threads), shape, tiling.Chunks, partials.View, dbeta.View);
        if (dx.IsNull)
            return;
        if (constantStatistics)
            terms.Clear();
        else
            device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, int, ArrayView<ChannelSums>, ArrayView<float>, ArrayView<float>,
                ArrayView<ChannelSums>>(GroupTerms))(
                new KernelConfig(shape.Statistics, threads), shape, tiling.Chunks, partials.View, gamma.View, rstd.View, terms.View);
        device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, ChannelTiling, ArrayView<float>, ArrayView<float>, ArrayView<float>,
            ArrayView<float>, ArrayView<float>, ArrayView<ChannelSums>, ArrayView<float>>(InputGradient))(
            Groups(shape, tiling, threads), shape, tiling, dy.View, x.View, gamma.View, mean.View, rstd.View, terms.View, dx.View);
    }

    private static int Threads(IlgpuDevice device) => Math.Min(ChannelTiling.MaximumThreads, device.Accelerator.MaxNumThreadsPerGroup);

    private static KernelConfig Groups(GroupNormShape shape, ChannelTiling tiling, int threads) =>
        new(IlgpuDevice.Extent((long)shape.Images * tiling.Chunks * tiling.Tiles, nameof(GroupNorm)), threads);

    /// <summary>One thread group per image, chunk and tile of channels.</summary>
    public static void ChunkMoments(GroupNormShape shape, ChannelTiling tiling, ArrayView<float> x, ArrayView<Moments> partials)
    {
        var place = ChunkPlace.Of(shape, tiling);
        var moments = Primitives.ChunkMoments.Of(new ImageValues { X = x, Shape = shape }, place, tiling);
        if (place.Lane == 0 && place.Channel < shape.Channels)
            partials[place.Partial(shape)] = moments;
    }

    /// <summary>One thread group per image and group of channels.</summary>
    public static void MergeMoments(
        GroupNormShape shape, int chunks, float eps, ArrayView<Moments> partials, ArrayView<float> mean, ArrayView<float> rstd)
    {
        var t = Group.IdxX;
        var set = Grid.IdxX;
        var channels = shape.ChannelsPerGroup;
        var first = (long)(set / shape.Groups) * chunks * shape.Channels + set % shape.Groups * channels;
        var moments = new Moments(0, 0, 0);
        for (var i = t; i < chunks * channels; i += Group.DimX)
            moments = Moments.Merge(moments, partials[first + (long)(i / channels) * shape.Channels + i % channels]);
        var all = GroupReduction.ToFirst(moments, default(MergedMoments));
        if (t == 0)
        {
            mean[set] = all.Mean;
            rstd[set] = 1 / XMath.Sqrt(all.Squares / all.Count + eps);
        }
    }

    /// <summary>One thread per channel; the variance is taken back from rstd.</summary>
    public static void UpdateRunning(
        Index1D c, GroupNormShape shape, float eps, float momentum,
        ArrayView<float> mean, ArrayView<float> rstd, ArrayView<float> runningMean, ArrayView<float> runningVariance)
    {
        var count = (float)shape.ValuesPerGroup;
        var variance = XMath.Max(1 / (rstd[c] * rstd[c]) - eps, 0f);
        runningMean[c] = (1 - momentum) * runningMean[c] + momentum * mean[c];
        runningVariance[c] = (1 - momentum) * runningVariance[c] + momentum * variance * (count / (count - 1));
    }

    /// <summary>One thread group per image, chunk and tile of channels; a thread keeps the numbers of its channel in registers.</summary>
    public static void Normalize(
        GroupNormShape shape, ChannelTiling tiling, ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> beta,
        ArrayView<float> mean, ArrayView<float> rstd, ArrayView<float> y)
    {
        var place = ChunkPlace.Of(shape, tiling);
        if (place.First >= place.Last)
            return;
        var set = place.Set(shape);
        var center = mean[set];
        var scale = rstd[set] * gamma[place.Channel];
        var offset = beta[place.Channel];
        var image = place.Image * shape.ImageLength + place.Channel;
        for (var v = place.First; v < place.Last; v += tiling.Lanes)
        {
            var i = image + (long)v * shape.Channels;
            y[i] = (x[i] - center) * scale + offset;
        }
    }

    /// <summary>sum dy and sum dy (x - mean): one thread group per image, chunk and tile of channels.</summary>
    public static void ChunkSums(
        GroupNormShape shape, ChannelTiling tiling, ArrayView<float> dy, ArrayView<float> x, ArrayView<float> mean, ArrayView<ChannelSums> partials)
    {
        var place = ChunkPlace.Of(shape, tiling);
        var t = Group.IdxX;
        CompensatedSum sum = default, product = default;
        if (place.First < place.Last)
        {
            var center = mean[place.Set(shape)];
            var image = place.Image * shape.ImageLength + place.Channel;
            for (var v = place.First; v < place.Last; v += tiling.Lanes)
            {
                var i = image + (long)v * shape.Channels;
                var g = dy[i];
                sum = sum.Add(g);
                product = product.Add(g * (x[i] - center));
            }
        }

        var sums = GroupReduction.ToFirstLane(
            new ChannelSums(sum.Value, product.Value), place.Lane, tiling.Lanes, tiling.ChannelsPerTile, default(AddedSums));
        if (place.Lane == 0 && place.Channel < shape.Channels)
            partials[place.Partial(shape)] = sums;
    }

    /// <summary>dgamma_c = sum over images and chunks of rstd sum dy (x - mean): one thread group per channel.</summary>
    public static void GammaGradient(
        GroupNormShape shape, int chunks, ArrayView<ChannelSums> partials, ArrayView<float> rstd, ArrayView<float> dgamma)
    {
        var c = Grid.IdxX;
        var sum = 0f;
        for (var i = Group.IdxX; i < shape.Images * chunks; i += Group.DimX)
            sum += rstd[i / chunks * shape.Groups + c / shape.ChannelsPerGroup] * partials[(long)i * shape.Channels + c].Product;
        sum = GroupReduction.ToFirst(sum, default(NumberSum));
        if (Group.IdxX == 0)
            dgamma[c] = sum;
    }

    /// <summary>dbeta_c = sum dy over images and chunks: one thread group per channel.</summary>
    public static void BetaGradient(GroupNormShape shape, int chunks, ArrayView<ChannelSums> partials, ArrayView<float> dbeta)
    {
        var c = Grid.IdxX;
        var sum = 0f;
        for (var i = Group.IdxX; i < shape.Images * chunks; i += Group.DimX)
            sum += partials[(long)i * shape.Channels + c].Sum;
        sum = GroupReduction.ToFirst(sum, default(NumberSum));
        if (Group.IdxX == 0)
            dbeta[c] = sum;
    }

    /// <summary>The offset and slope of dx = rstd gamma dy + slope (x - mean) + offset: one thread group per image and group of channels.</summary>
    public static void GroupTerms(
        GroupNormShape shape, int chunks, ArrayView<ChannelSums> partials, ArrayView<float> gamma, ArrayView<float> rstd,
        ArrayView<ChannelSums> terms)
    {
        var set = Grid.IdxX;
        var channels = shape.ChannelsPerGroup;
        var firstChannel = set % shape.Groups * channels;
        var first = (long)(set / shape.Groups) * chunks * shape.Channels;
        var sums = new ChannelSums(0, 0);
        for (var i = Group.IdxX; i < chunks * channels; i += Group.DimX)
        {
            var c = firstChannel + i % channels;
            var partial = partials[first + (long)(i / channels) * shape.Channels + c];
            sums = ChannelSums.Add(sums, new ChannelSums(gamma[c] * partial.Sum, gamma[c] * partial.Product));
        }

        sums = GroupReduction.ToFirst(sums, default(AddedSums));
        if (Group.IdxX == 0)
        {
            var r = rstd[set];
            var count = (float)shape.ValuesPerGroup;
            terms[set] = new ChannelSums(-r * sums.Sum / count, -r * r * r * sums.Product / count);
        }
    }

    /// <summary>dx = rstd gamma dy + slope (x - mean) + offset: one thread group per image, chunk and tile of channels.</summary>
    public static void InputGradient(
        GroupNormShape shape, ChannelTiling tiling, ArrayView<float> dy, ArrayView<float> x, ArrayView<float> gamma,
        ArrayView<float> mean, ArrayView<float> rstd, ArrayView<ChannelSums> terms, ArrayView<float> dx)
    {
        var place = ChunkPlace.Of(shape, tiling);
        if (place.First >= place.Last)
            return;
        var set = place.Set(shape);
        var center = mean[set];
        var scale = rstd[set] * gamma[place.Channel];
        var term = terms[set];
        var image = place.Image * shape.ImageLength + place.Channel;
        for (var v = place.First; v < place.Last; v += tiling.Lanes)
        {
            var i = image + (long)v * shape.Channels;
            dx[i] = dy[i] * scale + ((x[i] - center) * term.Product + term.Sum);
        }
    }
}

/// <summary>Images [Images, Voxels, Channels].</summary>
internal struct ImageValues : IVoxelValues
{
    /// <summary>The values.</summary>
    public ArrayView<float> X;

    /// <summary>Their extents.</summary>
    public GroupNormShape Shape;

    /// <inheritdoc/>
    public readonly float At(int image, int voxel, int channel) => X[image * Shape.ImageLength + channel + (long)voxel * Shape.Channels];
}

/// <summary>What a thread works on: a channel and, of an image's chunk, every Lanes-th voxel from First to before Last.</summary>
/// <param name="Image">Image.</param>
/// <param name="Chunk">Chunk of the image.</param>
/// <param name="Chunks">Chunks of an image.</param>
/// <param name="Lane">Place of the thread among those of its channel.</param>
/// <param name="Channel">Channel; may lie beyond the last one.</param>
/// <param name="First">First voxel.</param>
/// <param name="Last">One past the last voxel; not above First for a thread without work.</param>
internal readonly record struct ChunkPlace(int Image, int Chunk, int Chunks, int Lane, int Channel, int First, int Last)
{
    internal static ChunkPlace Of(GroupNormShape shape, ChannelTiling tiling)
    {
        var block = Grid.IdxX;
        var tile = block % tiling.Tiles;
        var chunk = block / tiling.Tiles % tiling.Chunks;
        var image = block / tiling.Tiles / tiling.Chunks;
        var lane = Group.IdxX / tiling.ChannelsPerTile;
        var channel = tile * tiling.ChannelsPerTile + Group.IdxX % tiling.ChannelsPerTile;
        var first = chunk * tiling.VoxelsPerChunk;
        var works = lane < tiling.Lanes && channel < shape.Channels;
        return new ChunkPlace(image, chunk, tiling.Chunks, lane, channel,
            first + lane, works ? XMath.Min(first + tiling.VoxelsPerChunk, shape.Voxels) : 0);
    }

    internal int Set(GroupNormShape shape) => Image * shape.Groups + Channel / shape.ChannelsPerGroup;

    internal long Partial(GroupNormShape shape) => ((long)Image * Chunks + Chunk) * shape.Channels + Channel;
}

/// <summary>Number, mean and sum of squared deviations from the mean of some values.</summary>
/// <param name="Count">How many.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Squares">Sum of squared deviations from it.</param>
internal readonly record struct Moments(float Count, float Mean, float Squares)
{
    /// <summary>The moments of two sets of values together (Chan, Golub and LeVeque 1983).</summary>
    internal static Moments Merge(Moments a, Moments b)
    {
        if (b.Count == 0)
            return a;
        var count = a.Count + b.Count;
        var difference = b.Mean - a.Mean;
        var weight = b.Count / count;
        return new Moments(count, a.Mean + difference * weight, a.Squares + b.Squares + difference * difference * a.Count * weight);
    }
}

/// <summary>Moments of sets together.</summary>
internal readonly struct MergedMoments : IReductionOperator<Moments>
{
    /// <inheritdoc/>
    public Moments Identity => default;

    /// <inheritdoc/>
    public Moments Combine(Moments first, Moments second) => Moments.Merge(first, second);
}

/// <summary>
/// A sum whose rounding errors are carried along (Kahan 1965): many equal values (zeros behind a ReLU) are all rounded the same way, so that the
/// error of a plain sum of them grows with its length. Double precision would cost more: many GPUs do it at a small fraction of the rate, or not at
/// all.
/// </summary>
/// <param name="Value">The sum.</param>
/// <param name="Excess">What it is too large by.</param>
internal readonly record struct CompensatedSum(float Value, float Excess)
{
    internal CompensatedSum Add(float value)
    {
        var corrected = value - Excess;
        var sum = Value + corrected;
        return new CompensatedSum(sum, sum - Value - corrected);
    }
}

/// <summary>Two sums that are taken together.</summary>
/// <param name="Sum">First sum.</param>
/// <param name="Product">Second sum.</param>
internal readonly record struct ChannelSums(float Sum, float Product)
{
    internal static ChannelSums Add(ChannelSums a, ChannelSums b) => new(a.Sum + b.Sum, a.Product + b.Product);
}

/// <summary>Sums of a channel together.</summary>
internal readonly struct AddedSums : IReductionOperator<ChannelSums>
{
    /// <inheritdoc/>
    public ChannelSums Identity => default;

    /// <inheritdoc/>
    public ChannelSums Combine(ChannelSums first, ChannelSums second) => ChannelSums.Add(first, second);
}
