using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Edge weights on the host. A worker takes bands of rows as they lie, and of these tile by tile all offsets: the tile's embeddings stay in cache, and so do the
/// lines of the result that a tile belongs to, whatever the orientation.
/// </summary>
internal sealed unsafe class AffinityHost : AffinityAlgorithm
{
    private const int Rows = 16;
    private const int Columns = 64;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in LaidImage image) => device.OnHost;

    /// <inheritdoc/>
    public override void AddShare(
        in LaidImage image, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float reach, float share, bool channelsLast,
        DeviceBuffer<float> sums) =>
        sums.Device.Host.Workers.Run(Bands(image), new Body(
            image, embeddings.HostAddress, channels, offsets.HostAddress, (int)offsets.Length, reach, share, channelsLast, sums.HostAddress));

    /// <summary>The same on the calling thread, of the image as it is.</summary>
    public static void AddWeights(LaidImage image, ReadOnlySpan<float> embeddings, ReadOnlySpan<PixelOffset> offsets, float reach, Span<float> weights)
    {
        fixed (float* e = embeddings)
        fixed (PixelOffset* steps = offsets)
        fixed (float* w = weights)
            new Body(image, e, image.Shape.C, steps, offsets.Length, reach, 1, channelsLast: false, w).Execute(0, Bands(image), 0);
    }

    private static int Bands(LaidImage image) => checked(image.Part.D * ((image.Part.H + Rows - 1) / Rows));

    private readonly struct Body(
        LaidImage image, float* embeddings, int channels, PixelOffset* offsets, int count, float reach, float share, bool channelsLast, float* sums)
        : IParallelBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int worker)
        {
            var tile = stackalloc float[Rows * Columns];
            var bands = (image.Part.H + Rows - 1) / Rows;
            // From a pixel's sum to that of the next pixel, and to that of the next offset.
            var (pixel, channel) = channelsLast ? ((nint)count, (nint)1) : (1, (nint)image.Part.Voxels);
            for (var band = from; band < until; band++)
            {
                var (z, y) = (band / bands, band % bands * Rows);
                var rows = Math.Min(Rows, image.Part.H - y);
                for (var x = 0; x < image.Part.W; x += Columns)
                {
                    var columns = Math.Min(Columns, image.Part.W - x);
                    for (var o = 0; o < count; o++)
                    {
                        for (var row = 0; row < rows; row++)
                            Weigh(z, y + row, x, columns, offsets[o], tile + row * Columns);
                        Add(tile, rows, columns, sums + image.Result(z, y, x) * pixel + o * channel, image.Row * pixel, image.Column * pixel);
                    }
                }
            }
        }

        /// <summary>The weights of a run of pixels.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Weigh(int z, int y, int x, int columns, PixelOffset offset, float* weights)
        {
            var (partnerZ, partnerY) = ((long)z + image.First.Z + offset.Z, (long)y + image.First.Y + offset.Y);
            var (first, until) = (0L, 0L);
            if ((ulong)partnerZ < (ulong)image.Shape.D && (ulong)partnerY < (ulong)image.Shape.H)
            {
                var partnerX = (long)x + image.First.X + offset.X;
                first = Math.Clamp(-partnerX, 0, columns);
                until = Math.Clamp(image.Shape.W - partnerX, first, columns);
            }

            new Span<float>(weights, (int)first).Fill(Affinity.Outside);
            new Span<float>(weights + until, columns - (int)until).Fill(Affinity.Outside);
            if (first == until)
                return;
            var step = (((nint)offset.Z * image.Shape.H + offset.Y) * image.Shape.W + offset.X) * image.Shape.C;
            EdgeWeight.Run(
                embeddings + image.Source(z, y, x + (int)first), step, image.Shape.C, channels, (int)(until - first), reach, weights + first);
        }

        /// <summary>Adds a tile's weights to their sums; the inner loop runs along neighbours there.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Add(float* tile, int rows, int columns, float* first, nint toNextRow, nint toNextColumn)
        {
            var alongRows = Math.Abs(toNextColumn) <= Math.Abs(toNextRow);
            var (lines, length) = alongRows ? (rows, columns) : (columns, rows);
            var (line, next) = alongRows ? (toNextRow, toNextColumn) : (toNextColumn, toNextRow);
            var (tileLine, tileNext) = alongRows ? (Columns, 1) : (1, Columns);
            for (var i = 0; i < lines; i++, tile += tileLine, first += line)
            {
                var j = 0;
                if (next == 1 && tileNext == 1)
                {
                    var factor = new Vector<float>(share);
                    for (; j <= length - Vector<float>.Count; j += Vector<float>.Count)
                        (Vector.Load(first + j) + Vector.Load(tile + j) * factor).Store(first + j);
                }

                for (; j < length; j++)
                    first[j * next] += tile[j * tileNext] * share;
            }
        }
    }
}
