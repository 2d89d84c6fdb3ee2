namespace Spoco.Kernels.Primitives;

/// <summary>
/// Soft masks on the host: a worker goes through the tiles of its share of the pixels, a register of pixels at a time. Sums are single precision
/// within a tile and double precision beyond it.
/// </summary>
internal sealed unsafe class SoftMasksHost : SoftMasksAlgorithm
{
    private const int Stride = PixelTile.Stride;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(SoftMaskInputs inputs, DeviceBuffer<float> masks)
    {
        var host = masks.Device.Host;
        var scratch = Scratch(host, inputs, Stride);
        using var memory = scratch.Memory;
        host.Workers.Run(EmbeddingTile.CountOf(inputs.Layout), new ForwardBody(new Pointers(inputs), masks.HostAddress, scratch.HostAddress));
    }

    /// <inheritdoc/>
    public override void Shift(SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift)
    {
        var (host, table, channels) = (masks.Device.Host, inputs.Table, inputs.Layout.Channels);
        var scratch = Scratch(host, inputs, WeightedRows.Length);
        using var memory = scratch.Memory;
        var length = (long)table.Masks * channels;
        var partials = host.Allocate<double>(PartSums.Parts * length, nameof(SoftMasks));
        using var partialMemory = partials.Memory;
        partials.Clear();
        PartSums.Run(host, EmbeddingTile.CountOf(inputs.Layout), new SumsBody(
            new Pointers(inputs), masks.HostAddress, maskGradient.HostAddress, partials.HostAddress, length, scratch.HostAddress));
        PartSums.Add(partials.HostAddress, length);
        shift.Clear();
        for (long i = 0; i < length; i++)
        {
            var cluster = table.Clusters.HostAddress[i / channels];
            shift.HostAddress[(long)cluster * channels + i % channels] -= (float)(partials.HostAddress[i] / table.Segments.Counts.HostAddress[cluster]);
        }
    }

    /// <inheritdoc/>
    public override void Gradient(
        SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        var host = masks.Device.Host;
        var scratch = Scratch(host, inputs, WeightedRows.Length + TileGradient.Length(inputs.Layout.Channels));
        using var memory = scratch.Memory;
        host.Workers.Run(EmbeddingTile.CountOf(inputs.Layout), new GradientBody(
            new Pointers(inputs), masks.HostAddress, maskGradient.HostAddress, shift.HostAddress, gradient.HostAddress, scratch.HostAddress));
    }

    /// <summary>Per worker a tile of embeddings and further numbers.</summary>
    private static DeviceBuffer<float> Scratch(HostDevice host, SoftMaskInputs inputs, int more) =>
        host.Allocate<float>(host.Workers.Workers * ScratchLength(inputs.Layout.Channels, more), nameof(SoftMasks));

    private static long ScratchLength(int channels, int more) => channels * Stride + more;

    /// <summary>The inputs as addresses.</summary>
    private readonly struct Pointers(SoftMaskInputs inputs)
    {
        public readonly float Falloff = inputs.Falloff;
        public readonly EmbeddingLayout Layout = inputs.Layout;
        public readonly float* Embeddings = inputs.Embeddings.HostAddress;
        public readonly float* Means = inputs.Means.HostAddress;
        public readonly int* Clusters = inputs.Table.Clusters.HostAddress;
        public readonly int* FirstMasks = inputs.Table.FirstMasks.HostAddress;
        public readonly int* Owners = inputs.Table.Segments.Owners.HostAddress;
        public readonly int* FirstClusters = inputs.Table.FirstClusters.HostAddress;

        /// <summary>Where a tile's pixels are in mask k.</summary>
        public long At(EmbeddingTile tile, int k) => (long)k * Layout.Pixels + tile.First - (long)tile.Image * Layout.Pixels;

        /// <summary>mu of mask k.</summary>
        public float* Centre(int k) => Means + (long)Clusters[k] * Layout.Channels;

        /// <summary>w of the pixels of a tile, 0 beyond them.</summary>
        public void Weights(float* mask, float* maskGradient, int count, float* weights)
        {
            var factor = -2 * Falloff;
            for (var p = 0; p < count; p++)
                weights[p] = factor * mask[p] * maskGradient[p];
            new Span<float>(weights + count, PixelTile.Pixels - count).Clear();
        }
    }

    private readonly struct ForwardBody(Pointers v, float* masks, float* scratch) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var channels = v.Layout.Channels;
            var e = scratch + worker * ScratchLength(channels, Stride);
            var row = e + channels * Stride;
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(v.Layout, index);
                if (v.FirstMasks[tile.Image] == v.FirstMasks[tile.Image + 1])
                    continue;
                tile.LoadEmbeddings(v.Layout, v.Embeddings, e);
                for (var k = v.FirstMasks[tile.Image]; k < v.FirstMasks[tile.Image + 1]; k++)
                {
                    PixelTile.Masks(e, v.Centre(k), channels, v.Falloff, row, row);
                    new ReadOnlySpan<float>(row, tile.Count).CopyTo(new Span<float>(masks + v.At(tile, k), tile.Count));
                }
            }
        }
    }

    private readonly struct SumsBody(Pointers v, float* masks, float* maskGradient, double* partials, long length, float* scratch) : IPartBody
    {
        public void Execute(int from, int until, int part, int worker)
        {
            var channels = v.Layout.Channels;
            var transposed = scratch + worker * ScratchLength(channels, WeightedRows.Length);
            var weighted = new WeightedRows(transposed + channels * Stride);
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(v.Layout, index);
                var e = tile.LoadEmbeddings(v.Layout, v.Embeddings, transposed);
                for (var k = v.FirstMasks[tile.Image]; k < v.FirstMasks[tile.Image + 1]; k++)
                {
                    v.Weights(masks + v.At(tile, k), maskGradient + v.At(tile, k), tile.Count, weighted.Next);
                    weighted.Keep(v.Centre(k), partials + part * length + (long)k * channels);
                    if (weighted.IsFull)
                        Add(e, ref weighted);
                }

                Add(e, ref weighted);
            }
        }

        private static void Add(in TileEmbeddings e, ref WeightedRows weighted)
        {
            TileSums.Add(e, weighted);
            weighted.Clear();
        }
    }

    private readonly struct GradientBody(Pointers v, float* masks, float* maskGradient, float* shift, float* gradient, float* scratch) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var channels = v.Layout.Channels;
            var transposed = scratch + worker * ScratchLength(channels, WeightedRows.Length + TileGradient.Length(channels));
            var weighted = new WeightedRows(transposed + channels * Stride);
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(v.Layout, index);
                var e = tile.LoadEmbeddings(v.Layout, v.Embeddings, transposed);
                var sum = new TileGradient(
                    e, transposed + channels * Stride + WeightedRows.Length, v.Owners + tile.First,
                    shift + (long)v.FirstClusters[tile.Image] * channels);
                for (var k = v.FirstMasks[tile.Image]; k < v.FirstMasks[tile.Image + 1]; k++)
                {
                    v.Weights(masks + v.At(tile, k), maskGradient + v.At(tile, k), tile.Count, weighted.Next);
                    weighted.Keep(v.Centre(k), null);
                    if (!weighted.IsFull)
                        continue;
                    sum.Add(weighted);
                    weighted.Clear();
                }

                sum.Finish(weighted, gradient + tile.First * v.Layout.PixelStride + v.Layout.ChannelOffset, v.Layout.PixelStride, past: false);
                weighted.Clear();
            }
        }
    }
}
