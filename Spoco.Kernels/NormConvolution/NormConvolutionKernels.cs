using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What a normalisation's gradient does to a channel: dx = Scale g + copies (Slope (x - Mean) + Offset). Four numbers, so that they are read at once.</summary>
/// <param name="Mean">Mean of the group.</param>
/// <param name="Scale">rstd gamma.</param>
/// <param name="Slope">- rstd^3 avg(gamma g (x - mean)).</param>
/// <param name="Offset">- rstd avg(gamma g).</param>
internal readonly record struct NormLine(float Mean, float Scale, float Slope, float Offset)
{
    /// <summary>dx of a voxel.</summary>
    /// <param name="gradient">g, of all its copies together.</param>
    /// <param name="x">Its value.</param>
    /// <param name="copies">How many it stands for.</param>
    public float Of(float gradient, float x, float copies) => Scale * gradient + copies * (Slope * (x - Mean) + Offset);
}

/// <summary>The geometry of a unit's norm, for kernels.</summary>
/// <param name="Images">Images with statistics of their own.</param>
/// <param name="Pieces">Tiles, or chunks, of one of them.</param>
/// <param name="Groups">Groups of channels.</param>
/// <param name="Channels">Joined channels.</param>
/// <param name="First">Those of the first tensor.</param>
internal readonly record struct NormPieces(int Images, int Pieces, int Groups, int Channels, int First);

/// <summary>
/// The small kernels around the tiles of a unit: moments of a tensor that no unit made, the statistics of tiles together, and the norm's own gradient. All
/// sums have a fixed order.
/// </summary>
internal static class NormConvolutionKernels
{
    /// <summary>Moments of some of a source's channels, of chunks of its voxels: [N, chunks, channels].</summary>
    public static DeviceBuffer<float> MomentsOf(IlgpuDevice device, Holdings holdings, in TileSource source, int firstChannel, int channels)
    {
        var shape = new GroupNormShape(source.Shape.N, IlgpuDevice.Extent(source.Shape.VoxelsPerImage, nameof(NormConvolution)), channels, channels);
        var threads = Threads(device);
        var tiling = ChannelTiling.Of(shape, threads);
        var moments = holdings.Allocate<float>(device, PieceMoments.Arrays * (long)shape.Images * tiling.Chunks * channels, nameof(NormConvolution));
        device.Kernel(static a => a.LoadStreamKernel<GroupNormShape, ChannelTiling, TileSource, int, ArrayView<float>>(ChunkMoments))(
            new KernelConfig(IlgpuDevice.Extent((long)shape.Images * tiling.Chunks * tiling.Tiles, nameof(NormConvolution)), threads),
            shape, tiling, source, firstChannel, moments.View);
        return moments;
    }

    /// <summary>Statistics from the moments of pieces.</summary>
    public static void Merge(
        IlgpuDevice device, in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> first, DeviceBuffer<float> small, int copies,
        RunningStatistics running, DeviceBuffer<float> statistics)
    {
        var pieces = new NormPieces(shape.Images, (int)(first.Length / PieceMoments.Arrays / shape.Input.C / shape.Images), shape.Groups, shape.Channels, shape.Input.C);
        var smallPieces = shape.HasSmall ? (int)(small.Length / PieceMoments.Arrays / shape.Small.C / shape.Images) : 0;
        device.Kernel(static a => a.LoadStreamKernel<NormPieces, int, float, ArrayView<float>, ArrayView<float>, NormInputs, RunningInputs,
            ArrayView<float>>(MergeMoments))(
            new KernelConfig(shape.Statistics, Threads(device)), pieces, smallPieces, copies, first.View, small.View,
            new NormInputs { Gamma = norm.Gamma.View, Beta = norm.Beta.View, Eps = norm.Eps },
            new RunningInputs
            {
                Mean = running.Mean.View, Variance = running.Variance.View, Momentum = running.Momentum, Updates = running.Mean.IsNull ? 0 : 1,
            }, statistics.View);
    }

    /// <summary>Statistics that are known.</summary>
    public static void Know(
        IlgpuDevice device, in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> mean, DeviceBuffer<float> variance,
        DeviceBuffer<float> statistics) =>
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, NormInputs, ArrayView<float>, ArrayView<float>, ArrayView<float>>(Know))(
            shape.Channels, new NormInputs { Gamma = norm.Gamma.View, Beta = norm.Beta.View, Eps = norm.Eps }, mean.View, variance.View, statistics.View);

    /// <summary>The norm's gradient as a line per image and channel, and those of gamma and beta where they are wanted.</summary>
    public static void Lines(
        IlgpuDevice device, in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> statistics, bool constantStatistics,
        DeviceBuffer<float> sums, DeviceBuffer<float> dgamma, DeviceBuffer<float> dbeta, DeviceBuffer<NormLine> lines)
    {
        var pieces = new NormPieces(shape.Images, (int)(sums.Length / 2 / shape.Channels / shape.Images), shape.Groups, shape.Channels, shape.Input.C);
        var values = constantStatistics ? float.PositiveInfinity : shape.Norm.ValuesPerGroup;
        device.Kernel(static a => a.LoadStreamKernel<NormPieces, float, ArrayView<float>, ArrayView<float>, ArrayView<float>, NormGradients,
            ArrayView<NormLine>>(Lines))(
            new KernelConfig(shape.Groups, Threads(device)), pieces, values, norm.Gamma.View, statistics.View, sums.View,
            new NormGradients { Gamma = dgamma.View, Beta = dbeta.View, HasGamma = dgamma.IsNull ? 0 : 1, HasBeta = dbeta.IsNull ? 0 : 1 }, lines.View);
    }

    /// <summary>From the gradients of the normalised tensors those of the tensors, in place; and in the same launch the sum of a weight gradient's parts.</summary>
    public static void Combine(
        IlgpuDevice device, in NormConvolutionShape shape, in TileSource inputs, DeviceBuffer<NormLine> lines, int copies, bool copied,
        ValueBuffer dx, ValueBuffer dsmall, DeviceBuffer<float> weightParts, DeviceBuffer<float> dweight)
    {
        var weights = weightParts.IsNull ? 0 : dweight.Length;
        var values = inputs.Shape.C % 4 == 0 && inputs.SmallShape.C % 4 == 0 && inputs.Values.IsAligned && inputs.Small.IsAligned && dx.View.IsAligned && dsmall.View.IsAligned ? 4 : 1;
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, TileSource, ArrayView<NormLine>, CombineShape, ValueView, ValueView,
            ArrayView<float>, ArrayView<float>>(Combine))(
            IlgpuDevice.Extent((dx.Length + dsmall.Length) / values + weights, nameof(NormConvolution)), inputs, lines.View,
            new CombineShape(values, (int)dx.Length / values, (int)dsmall.Length / values, (int)(weights == 0 ? 0 : weightParts.Length / weights), shape.WholeBatch ? 0 : 1, copies,
                copied ? 1 : 0),
            dx.View, dsmall.View, weightParts.View, dweight.View);
    }

    private static int Threads(IlgpuDevice device) => Math.Min(ChannelTiling.MaximumThreads, device.Capabilities.GroupThreads);

    /// <summary>One thread group per image, chunk and tile of channels.</summary>
    public static void ChunkMoments(GroupNormShape shape, ChannelTiling tiling, TileSource source, int firstChannel, ArrayView<float> moments)
    {
        var place = ChunkPlace.Of(shape, tiling);
        var own = Primitives.ChunkMoments.Of(new SourceValues { Source = source, FirstChannel = firstChannel }, place, tiling);
        if (place.Lane == 0 && place.Channel < shape.Channels)
            PieceMoments.Store(moments, (int)place.Partial(shape), own);
    }

    private static float Raw(TileSource source, int image, int voxel, int channel) => source.Raw(
        image, voxel / source.Shape.W / source.Shape.H, voxel / source.Shape.W % source.Shape.H, voxel % source.Shape.W, channel);

    /// <summary>One thread group per image and group of channels. A voxel of the second tensor counts as often as it has copies.</summary>
    public static void MergeMoments(
        NormPieces shape, int smallPieces, float copies, ArrayView<float> first, ArrayView<float> small, NormInputs norm, RunningInputs running,
        ArrayView<float> statistics)
    {
        var set = Grid.IdxX;
        var (image, group) = (set / shape.Groups, set % shape.Groups);
        var channels = shape.Channels / shape.Groups;
        var (firstChannel, lastChannel) = (group * channels, (group + 1) * channels);
        var boundary = IntrinsicMath.Clamp(shape.First, firstChannel, lastChannel);
        var moments = new Moments(0, 0, 0);
        var own = boundary - firstChannel;
        for (var i = Group.IdxX; i < shape.Pieces * own; i += Group.DimX)
            moments = Moments.Merge(moments, PieceMoments.Load(first, (image * shape.Pieces + i / own) * shape.First + firstChannel + i % own));
        own = lastChannel - boundary;
        for (var i = Group.IdxX; i < smallPieces * own; i += Group.DimX)
        {
            var m = PieceMoments.Load(small, (image * smallPieces + i / own) * (shape.Channels - shape.First) + boundary - shape.First + i % own);
            moments = Moments.Merge(moments, new Moments(m.Count * copies, m.Mean, m.Squares * copies));
        }

        var all = GroupReduction.ToAll(moments, default(MergedMoments));
        var rstd = 1 / XMath.Sqrt(all.Squares / all.Count + norm.Eps);
        var sets = shape.Images * shape.Groups;
        if (Group.IdxX == 0)
        {
            statistics[set] = all.Mean;
            statistics[sets + set] = rstd;
            if (running.Updates != 0)
            {
                running.Mean[set] = (1 - running.Momentum) * running.Mean[set] + running.Momentum * all.Mean;
                running.Variance[set] = (1 - running.Momentum) * running.Variance[set] + running.Momentum * (all.Squares / (all.Count - 1));
            }
        }

        for (var c = firstChannel + Group.IdxX; c < lastChannel; c += Group.DimX)
            StoreAffine(statistics, 2 * sets, shape.Images * shape.Channels, image * shape.Channels + c, all.Mean, rstd, norm.Gamma[c], norm.Beta[c]);
    }

    /// <summary>One thread per channel.</summary>
    public static void Know(Index1D c, NormInputs norm, ArrayView<float> mean, ArrayView<float> variance, ArrayView<float> statistics)
    {
        var channels = mean.IntLength;
        var rstd = 1 / XMath.Sqrt(variance[c] + norm.Eps);
        statistics[c] = mean[c];
        statistics[channels + c] = rstd;
        StoreAffine(statistics, 2 * channels, channels, c, mean[c], rstd, norm.Gamma[c], norm.Beta[c]);
    }

    /// <summary>norm(x) = x scale + shift.</summary>
    private static void StoreAffine(ArrayView<float> statistics, int first, int lines, int line, float mean, float rstd, float gamma, float beta)
    {
        var scale = rstd * gamma;
        statistics[first + line] = scale;
        statistics[first + lines + line] = beta - mean * scale;
    }

    /// <summary>
    /// One thread group per group of channels, which takes images one after the other: dgamma and dbeta are sums over them. With averages over a group
    /// dx = rstd (gamma g - avg(gamma g) - z avg(gamma g z)), z = (x - mean) rstd, dgamma = sum g z, dbeta = sum g.
    /// </summary>
    public static void Lines(
        NormPieces shape, float values, ArrayView<float> gamma, ArrayView<float> statistics, ArrayView<float> sums, NormGradients gradients,
        ArrayView<NormLine> lines)
    {
        var group = Grid.IdxX;
        var channels = shape.Channels / shape.Groups;
        var firstChannel = group * channels;
        var sets = shape.Images * shape.Groups;

        // Neighbouring threads have neighbouring channels, and as many pieces of each as there are threads for.
        var width = IntrinsicMath.Min(channels, Group.DimX);
        var (lane, lanes) = (Group.IdxX / width, Group.DimX / width);
        for (var image = 0; image < shape.Images; image++)
        {
            var set = image * shape.Groups + group;
            var (mean, rstd) = (statistics[set], statistics[sets + set]);
            var weighted = new ChannelSums(0, 0);
            for (var first = 0; first < channels; first += width)
            {
                var own = first + Group.IdxX % width;
                var c = firstChannel + own;
                var isInside = (lane < lanes) & (own < channels);
                var part = new ChannelSums(0, 0);
                for (var p = lane; p < (isInside ? shape.Pieces : 0); p += lanes)
                {
                    var at = (image * shape.Pieces + p) * shape.Channels + c;
                    part = ChannelSums.Add(part, new ChannelSums(sums[at], sums[sums.IntLength / 2 + at]));
                }

                Group.Barrier();
                var sum = GroupReduction.ToFirstLane(part, lane, lanes, width, default(AddedSums));
                if (isInside & (lane == 0))
                {
                    weighted = ChannelSums.Add(weighted, new ChannelSums(gamma[c] * sum.Sum, gamma[c] * sum.Product));
                    if (gradients.HasGamma != 0)
                        gradients.Gamma[c] = (image == 0 ? 0 : gradients.Gamma[c]) + sum.Product * rstd;
                    if (gradients.HasBeta != 0)
                        gradients.Beta[c] = (image == 0 ? 0 : gradients.Beta[c]) + sum.Sum;
                }
            }

            Group.Barrier();
            weighted = GroupReduction.ToAll(weighted, default(AddedSums));
            for (var c = firstChannel + Group.IdxX; c < firstChannel + channels; c += Group.DimX)
                lines[image * shape.Channels + c] =
                    new NormLine(mean, rstd * gamma[c], -rstd * rstd * rstd * weighted.Product / values, -rstd * weighted.Sum / values);
        }
    }

    /// <summary>One thread per value, or four neighbouring ones, of the gradients.</summary>
    public static void Combine(
        Index1D i, TileSource inputs, ArrayView<NormLine> lines, CombineShape shape, ValueView dx, ValueView dsmall,
        ArrayView<float> weightParts, ArrayView<float> dweight)
    {
        if (i < shape.Length)
        {
            var first = i * shape.Values;
            var image = first / inputs.Shape.C / (inputs.Shape.D * inputs.Shape.H * inputs.Shape.W) * shape.PerImage;
            var line = image * inputs.Channels + first % inputs.Shape.C;
            if (shape.Values == 4)
                dx.SetFour(i, Combined(lines, line, dx.FourAt(i), inputs.Values.FourAt(i), 1));
            else
                dx.Set(i, lines[line].Of(dx.At(i), inputs.Values.At(i), 1));
        }
        else if (i < shape.Length + shape.SmallLength)
        {
            var j = i - shape.Length;
            var first = j * shape.Values;
            var large = inputs.Shape;
            var (channel, voxel) = (first % inputs.SmallShape.C, first / inputs.SmallShape.C);
            var voxels = shape.Copied != 0 ? large.D * large.H * large.W : inputs.SmallShape.D * inputs.SmallShape.H * inputs.SmallShape.W;
            var n = voxel / voxels;
            var line = n * shape.PerImage * inputs.Channels + large.C + channel;

            // Of every copy: the voxel that it is one of.
            int source = voxel;
            if (shape.Copied != 0)
                source = CopiedVoxel(inputs, n, voxel % voxels);
            if (shape.Values == 4)
                dsmall.SetFour(j, Combined(lines, line, dsmall.FourAt(j), inputs.Small.FourAt((source * inputs.SmallShape.C + channel) / 4), shape.Copies));
            else
                dsmall.Set(j, lines[line].Of(dsmall.At(j), inputs.Small.At(source * inputs.SmallShape.C + channel), shape.Copies));
        }
        else
        {
            ChannelSumSimt.SumParts(i - shape.Length - shape.SmallLength, weightParts, dweight, shape.WeightParts);
        }
    }

    private static Four Combined(ArrayView<NormLine> lines, int line, Four gradient, Four x, float copies)
    {
        Four combined;
        combined.X = lines[line].Of(gradient.X, x.X, copies);
        combined.Y = lines[line + 1].Of(gradient.Y, x.Y, copies);
        combined.Z = lines[line + 2].Of(gradient.Z, x.Z, copies);
        combined.W = lines[line + 3].Of(gradient.W, x.W, copies);
        return combined;
    }

    private static int CopiedVoxel(TileSource source, int image, int voxel) => source.SmallVoxel(
        image, voxel / source.Shape.W / source.Shape.H, voxel / source.Shape.W % source.Shape.H, voxel % source.Shape.W);

    /// <summary>Some channels of what a tile reads.</summary>
    private struct SourceValues : IVoxelValues
    {
        public TileSource Source;
        public int FirstChannel;

        public readonly float At(int image, int voxel, int channel) => Raw(Source, image, voxel, FirstChannel + channel);
    }

    /// <summary>Scale and offset of a norm.</summary>
    public struct NormInputs
    {
        /// <summary>Scale per channel.</summary>
        public ArrayView<float> Gamma;

        /// <summary>Offset per channel.</summary>
        public ArrayView<float> Beta;

        /// <summary>Added to the variance.</summary>
        public float Eps;
    }

    /// <summary>Running averages.</summary>
    public struct RunningInputs
    {
        /// <summary>Mean per channel.</summary>
        public ArrayView<float> Mean;

        /// <summary>Variance per channel.</summary>
        public ArrayView<float> Variance;

        /// <summary>Weight of the batch.</summary>
        public float Momentum;

        /// <summary>Whether there are any.</summary>
        public int Updates;
    }

    /// <summary>Gradients of scale and offset.</summary>
    public struct NormGradients
    {
        /// <summary>Of the scale, per channel.</summary>
        public ArrayView<float> Gamma;

        /// <summary>Of the offset, per channel.</summary>
        public ArrayView<float> Beta;

        /// <summary>Whether that of the scale is wanted.</summary>
        public int HasGamma;

        /// <summary>Whether that of the offset is wanted.</summary>
        public int HasBeta;
    }

    /// <summary>How gradients are combined.</summary>
    /// <param name="Values">Values of a thread: four where they are of one voxel and can be read at once, else one.</param>
    /// <param name="Length">Threads of the first tensor's gradient.</param>
    /// <param name="SmallLength">Those of the second one's.</param>
    /// <param name="WeightParts">Parts of the weight gradient.</param>
    /// <param name="PerImage">1 where every image has statistics of its own, else 0.</param>
    /// <param name="Copies">Copies that a voxel of the second tensor stands for.</param>
    /// <param name="Copied">Whether the second gradient is that of every copy.</param>
    public readonly record struct CombineShape(int Values, int Length, int SmallLength, int WeightParts, int PerImage, int Copies, int Copied);
}
