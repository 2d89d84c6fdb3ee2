using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Balls on the host. A worker takes tiles of neighbouring pixels, which lie close together in embedding space too, and compares with the box around a tile first the box around all
/// anchors of an object, then each anchor: most tiles are far from most objects. Bounds are computed in the order of distances, so that rounding cannot put one above a
/// distance. What is left is compared pixel by pixel, a register of pixels at a time.
/// </summary>
internal sealed unsafe class BallOverlapHost : BallOverlapAlgorithm
{
    private const int TilesOfPiece = 8;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in BallOverlapShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Count(
        BallOverlapShape shape, DeviceBuffer<float> embeddings, DeviceBuffer<int> labels, DeviceBuffer<int> anchors, float square, DeviceBuffer<int> within,
        DeviceBuffer<int> ofObject)
    {
        var host = within.Device.Host;
        using var scratch = new HostScratch(host, nameof(BallOverlap));
        var objects = new AnchorTable(shape, embeddings.HostAddress, anchors.HostAddress, scratch);
        var (balls, workers) = (shape.Balls, host.Workers.Workers);
        var counts = scratch.Take<int>(2L * balls * workers);
        scratch.Clear(counts, 2L * balls * workers);
        var body = new Body(shape, objects, embeddings.HostAddress, labels.HostAddress, square, counts, scratch.Take<float>(workers * Body.ScratchLength(shape, objects)));
        host.Workers.RunPieces((shape.Pixels - 1) / PixelTile.Pixels + 1, body, TilesOfPiece);
        for (var worker = 0; worker < workers; worker++)
        {
            Add(counts + 2L * worker * balls, within.HostAddress, balls);
            Add(counts + (2L * worker + 1) * balls, ofObject.HostAddress, balls);
        }
    }

    private static void Add(int* counts, int* sums, int count)
    {
        for (var i = 0; i < count; i++)
            sums[i] += counts[i];
    }

    /// <summary>The anchors of every object, component by component in rows of whole registers, and the box around them.</summary>
    private readonly struct AnchorTable
    {
        private readonly int _channels;
        private readonly float* _rows;
        private readonly float* _boxes;

        public AnchorTable(BallOverlapShape shape, float* embeddings, int* anchors, HostScratch scratch)
        {
            _channels = shape.Channels;
            Stride = (shape.Anchors + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
            _rows = scratch.Take<float>((long)shape.Objects * shape.Channels * Stride);
            _boxes = scratch.Take<float>(2L * shape.Objects * shape.Channels);
            for (var k = 0; k < shape.Objects; k++)
                for (var c = 0; c < shape.Channels; c++)
                {
                    var row = Row(k, c);
                    var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
                    for (var i = 0; i < Stride; i++)
                    {
                        // The last one fills up the row.
                        row[i] = embeddings[(long)anchors[k * shape.Anchors + Math.Min(i, shape.Anchors - 1)] * shape.Channels + c];
                        (low, high) = (Math.Min(low, row[i]), Math.Max(high, row[i]));
                    }

                    (Low(k)[c], High(k)[c]) = (low, high);
                }
        }

        /// <summary>Length of a row.</summary>
        public int Stride { get; }

        /// <summary>A component of all anchors of an object.</summary>
        public float* Row(int k, int c) => _rows + ((long)k * _channels + c) * Stride;

        /// <summary>The smallest of every component.</summary>
        public float* Low(int k) => _boxes + 2L * k * _channels;

        /// <summary>The largest of every component.</summary>
        public float* High(int k) => Low(k) + _channels;
    }

    private readonly struct Body(BallOverlapShape shape, AnchorTable objects, float* embeddings, int* labels, float square, int* counts, float* scratch) : IParallelBody
    {
        /// <summary>A tile, the box around it, bounds of an object's anchors, and the tile's labels.</summary>
        public static long ScratchLength(BallOverlapShape shape, AnchorTable objects) => (long)shape.Channels * (PixelTile.Stride + 2) + objects.Stride + PixelTile.Pixels;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int worker)
        {
            var channels = shape.Channels;
            var tile = scratch + worker * ScratchLength(shape, objects);
            var low = tile + channels * PixelTile.Stride;
            var high = low + channels;
            var bounds = high + channels;
            var owners = (int*)(bounds + objects.Stride);
            var within = counts + 2L * worker * shape.Balls;
            for (var index = from; index < until; index++)
            {
                var first = index * PixelTile.Pixels;
                var count = Math.Min(PixelTile.Pixels, shape.Pixels - first);
                PixelTile.Load(embeddings + (long)first * channels, channels, channels, count, tile);
                new ReadOnlySpan<int>(labels + first, count).CopyTo(new Span<int>(owners, count));
                // What fills up the tile is within no ball.
                new Span<int>(owners + count, PixelTile.Pixels - count).Clear();
                for (var c = 0; c < channels; c++)
                    (low[c], high[c]) = Range(tile + c * PixelTile.Stride, count);
                for (var k = 0; k < shape.Objects; k++)
                {
                    if (IsFar(low, high, k))
                        continue;
                    Bound(low, high, k, bounds);
                    for (var a = 0; a < shape.Anchors; a++)
                        if (bounds[a] < square)
                            Count(tile, objects.Row(k, 0) + a, owners, shape.FirstObject + k, within + k * shape.Anchors + a);
                }
            }
        }

        private static (float Low, float High) Range(float* values, int count)
        {
            var (low, high) = (values[0], values[0]);
            for (var i = 1; i < count; i++)
                (low, high) = (Math.Min(low, values[i]), Math.Max(high, values[i]));
            return (low, high);
        }

        /// <summary>Whether the box of a tile is too far from that of an object's anchors.</summary>
        private bool IsFar(float* low, float* high, int k)
        {
            var objectLow = objects.Low(k);
            var objectHigh = objects.High(k);
            var sum = 0f;
            for (var c = 0; c < shape.Channels; c++)
            {
                var gap = Math.Max(0, Math.Max(low[c] - objectHigh[c], objectLow[c] - high[c]));
                sum += gap * gap;
            }

            return sum >= square;
        }

        /// <summary>The squared distances of an object's anchors to the box of a tile.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Bound(float* low, float* high, int k, float* bounds)
        {
            for (var a = 0; a < objects.Stride; a += Vector<float>.Count)
            {
                var sum = Vector<float>.Zero;
                for (var c = 0; c < shape.Channels; c++)
                {
                    var anchor = Vector.Load(objects.Row(k, c) + a);
                    var gap = Vector.Max(Vector<float>.Zero, Vector.Max(new Vector<float>(low[c]) - anchor, anchor - new Vector<float>(high[c])));
                    sum += gap * gap;
                }

                sum.Store(bounds + a);
            }
        }

        /// <summary>Adds the pixels of a tile that are within the ball around an anchor, and those of them that belong to its object.</summary>
        /// <param name="tile">The tile.</param>
        /// <param name="anchor">First component of the anchor.</param>
        /// <param name="owners">Labels of the tile.</param>
        /// <param name="label">The object's.</param>
        /// <param name="within">Count of the ball; that of the object lies as many counts further as there are balls.</param>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Count(float* tile, float* anchor, int* owners, int label, int* within)
        {
            var lanes = Vector<float>.Count;
            var (limit, own) = (new Vector<float>(square), new Vector<int>(label));
            Vector<int> all = default, ofObject = default;
            // Three registers of sums at once: 96 pixels are whole numbers of these at any width.
            for (var p = 0; p < PixelTile.Pixels; p += 3 * lanes)
            {
                Vector<float> s0 = default, s1 = default, s2 = default;
                for (var c = 0; c < shape.Channels; c++)
                {
                    var a = new Vector<float>(anchor[(long)c * objects.Stride]);
                    var row = tile + c * PixelTile.Stride + p;
                    s0 = AddSquare(Vector.Load(row) - a, s0);
                    s1 = AddSquare(Vector.Load(row + lanes) - a, s1);
                    s2 = AddSquare(Vector.Load(row + 2 * lanes) - a, s2);
                }

                Add(s0, owners + p, limit, own, ref all, ref ofObject);
                Add(s1, owners + p + lanes, limit, own, ref all, ref ofObject);
                Add(s2, owners + p + 2 * lanes, limit, own, ref all, ref ofObject);
            }

            within[0] -= Vector.Sum(all);
            within[shape.Balls] -= Vector.Sum(ofObject);
        }

        // Not fused: as on every other device.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector<float> AddSquare(Vector<float> d, Vector<float> sum) => sum + d * d;

        // A comparison that holds is -1.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add(Vector<float> squares, int* owners, Vector<float> limit, Vector<int> own, ref Vector<int> all, ref Vector<int> ofObject)
        {
            var isWithin = Vector.LessThan(squares, limit);
            all += isWithin;
            ofObject += isWithin & Vector.Equals(Vector.Load(owners), own);
        }
    }
}
