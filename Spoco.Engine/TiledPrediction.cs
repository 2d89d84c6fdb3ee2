using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine;

/// <summary>
/// The embeddings of an image of any size, computed box by box where they are read, in bounded memory. Every box is predicted from a window that holds all that
/// its embeddings depend on, and that is computed as the whole image would be: on the <c>cpu</c> device a network with batch norm, or without a norm, gives
/// the bits of <see cref="SpocoModel.Predict(Volume{float}, bool, IProgress{double}, CancellationToken)"/>. Group norms take their statistics from the whole image: these are measured first, in one pass over the image for each norm;
/// embeddings then differ from those of the whole at once by rounding. Not safe under several threads.
/// </summary>
public sealed class TiledPrediction : IPredictionReader
{
    private readonly SpocoModel _model;
    private readonly UNet _net;
    private readonly IVolumeReader<float> _image;
    private readonly ReceptiveField _field;
    private readonly IProgress<double>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly bool _flat;
    private readonly long _memory;
    private readonly long _heldBytes;
    private IDisposable? _held;
    private VoxelBox _last;
    private readonly Dictionary<int, GroupStatistics> _statistics = [];

    /// <summary>Prepares the prediction; nothing is computed yet.</summary>
    /// <param name="model">The model; the caller disposes it afterwards.</param>
    /// <param name="image">The normalised image (<see cref="Normalisation"/>), [D, H, W, channels of the network]; a 2D model takes the slices one by one.</param>
    /// <param name="memory">Bytes for the prediction of a window, those of the device and of the host together. The results are the caller's.</param>
    /// <param name="momentum">Whether the embeddings are those of g, instead of f.</param>
    /// <param name="progress">Told what part of a box that is read is done, from 0 to 1.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">The image does not fit the network, or the memory is too small; the message says how much is needed.</exception>
    public TiledPrediction(
        SpocoModel model, IVolumeReader<float> image, long memory, bool momentum = false, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        (_model, _net, _image, _progress, _cancellation) = (model, momentum ? model.MomentumNet : model.EmbeddingNet, image, progress, cancellation);
        var network = _net.Options;
        _flat = network.Dimensions == 2;
        var seen = Seen(image);
        if (image.Channels != network.InputChannels)
            throw new ArgumentException($"TiledPrediction: the image has {image.Channels} channels, the network expects {network.InputChannels}.");
        var least = network.MinimumSize;
        if (seen.D < least.D || seen.H < least.H || seen.W < least.W)
            throw new ArgumentException($"TiledPrediction: {network.FeatureMaps.Count} levels need at least {least.D}x{least.H}x{least.W} voxels, got {seen.D}x{seen.H}x{seen.W}.");
        _field = new ReceptiveField(network, seen.D, seen.H, seen.W);
        _memory = memory;
        using var rounding = model.Rounding();
        (Tile, _heldBytes) = ChooseTile(memory);
    }

    /// <inheritdoc/>
    public int Depth => _image.Depth;

    /// <inheritdoc/>
    public int Height => _image.Height;

    /// <inheritdoc/>
    public int Width => _image.Width;

    /// <summary>Dimensions of an embedding.</summary>
    public int Channels => _model.Options.EmbeddingDimensions;

    /// <summary>Extents of the largest box that is predicted at once, the rest of its window aside.</summary>
    public (int Z, int Y, int X) Tile { get; }

    /// <summary>Where windows and results lie; shared by predictions that take turns.</summary>
    internal WindowArrays Arrays { get; init; } = new();

    /// <summary>Reads the embeddings of a box, which are computed now.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, d].</param>
    /// <exception cref="ArgumentException">The box reaches outside, or has another size than there is room for.</exception>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    public void Read(VoxelBox box, Span<float> values) => Read(box, values, []);

    /// <summary>Reads the embeddings of a box and its probability of belonging to an object.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, d].</param>
    /// <param name="foreground">Receives [D, H, W], for a model that has learned it; empty = not wanted.</param>
    /// <exception cref="ArgumentException">The box reaches outside, or has another size than there is room for.</exception>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    public void Read(VoxelBox box, Span<float> values, Span<float> foreground)
    {
        var whole = new VoxelBox(0, 0, 0, Depth, Height, Width);
        if (box.Intersect(whole) != box || box.VoxelCount * Channels != values.Length || (!foreground.IsEmpty && box.VoxelCount != foreground.Length))
            throw new ArgumentException($"TiledPrediction: the box {box} does not lie within {whole}, or does not fit {values.Length} values.");
        if (!foreground.IsEmpty && !_model.Options.Foreground)
            throw new ArgumentException("TiledPrediction: the model has learned no foreground.");
        var watch = Watch(Parts(box));
        foreach (var part in Parts(box))
        {
            Forward(part, watch, y => y.CopyTo(WindowArrays.Room(ref Arrays.Results, y.Length)));
            Copy(Arrays.Results, Window(part), part, box, values, foreground);
        }
    }

    /// <summary>Computes what the network says of a box, and leaves it on the device.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="outputs">Receives [D, H, W, output channels].</param>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    internal void Read(VoxelBox box, DeviceBuffer<float> outputs)
    {
        var channels = _net.Options.OutputChannels;
        var watch = Watch(Parts(box));
        foreach (var part in Parts(box))
        {
            var window = Window(part);
            Forward(part, watch, y => Primitives.Crop.Copy(
                Shape(window, channels), new PixelOffset(part.Z - window.Z, part.Y - window.Y, part.X - window.X), y,
                Shape(box, channels), new PixelOffset(part.Z - box.Z, part.Y - box.Y, part.X - box.X), outputs, Shape(part, 1)));
        }
    }

    /// <summary>Dimensions of an embedding.</summary>
    public int Dimensions => Channels;

    void IPredictionReader.Read(VoxelBox box, Span<float> values, Span<float> embeddings, Span<float> foreground) => Read(box, values, foreground);

    /// <inheritdoc/>
    public void Trim()
    {
        LetGo();
        _model.Device.Pool.Trim();
        Arrays.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statistics in _statistics.Values)
            statistics.Dispose();
        _statistics.Clear();
        LetGo();
    }

    /// <summary>Returns what was made of the weights.</summary>
    private void LetGo()
    {
        _held?.Dispose();
        _held = null;
    }

    /// <summary>Bytes that the prediction of an image of these extents takes at once: of the device for the networks' tensors, and of the host.</summary>
    internal static long Bytes(SpocoModel model, TensorShape image, TensorShape whole = default)
    {
        var channels = model.EmbeddingNet.Options.OutputChannels;
        return PredictionMemory.Bytes(model.Device, model.EmbeddingNet.Options, image, whole)
            + image.Voxels * sizeof(float) * (model.Options.Network.InputChannels + channels);
    }

    private TensorShape Seen(IVolumeReader<float> image) => new(1, _flat ? 1 : image.Depth, image.Height, image.Width, 1);

    private static TensorShape Shape(VoxelBox box, int channels) => new(1, box.Depth, box.Height, box.Width, channels);

    /// <summary>What is predicted at once, of a box that is read.</summary>
    private IEnumerable<VoxelBox> Parts(VoxelBox box) =>
        (_flat ? Enumerable.Range(box.Z, box.Depth).Select(z => box with { Z = z, Depth = 1 }) : [box]).SelectMany(slice => Cut(slice, (1, 1, 1)));

    /// <summary>The window of a box: of one slice, for a 2D network.</summary>
    private VoxelBox Window(VoxelBox box) => _flat ? _field.Window(box with { Z = 0 }) with { Z = box.Z } : _field.Window(box);

    /// <summary>Boxes of at most a tile that fill a box; they begin at multiples of an alignment from its start.</summary>
    private IEnumerable<VoxelBox> Cut(VoxelBox box, (int Z, int Y, int X) alignment)
    {
        var (depth, height, width) = (Part(box.Depth, Tile.Z, alignment.Z), Part(box.Height, Tile.Y, alignment.Y), Part(box.Width, Tile.X, alignment.X));
        for (var z = 0; z < box.Depth; z += depth)
            for (var y = 0; y < box.Height; y += height)
                for (var x = 0; x < box.Width; x += width)
                    yield return new VoxelBox(
                        box.Z + z, box.Y + y, box.X + x, Math.Min(depth, box.Depth - z), Math.Min(height, box.Height - y), Math.Min(width, box.Width - x));

        // Equal parts, as few as there must be.
        static int Part(int extent, int tile, int alignment)
        {
            var parts = (extent + tile - 1) / tile;
            return Math.Min(tile, ((extent + parts - 1) / parts + alignment - 1) / alignment * alignment);
        }
    }

    /// <summary>The largest tiles of those whose window fits the memory; of the whole depth where that leaves a fair side, else of less.</summary>
    private ((int Z, int Y, int X) Tile, long Left) ChooseTile(long memory)
    {
        var seen = Seen(_image);
        var align = _field.Alignment;
        ((int Z, int Y, int X) Best, double Cost, long Bytes, long Least) chosen = (default, double.PositiveInfinity, 0, long.MaxValue);
        for (var z = seen.D; ; z = Math.Max(align.Z, (z / 2 + align.Z - 1) / align.Z * align.Z))
        {
            var (from, until) = (1, (Math.Max(seen.H, seen.W) + align.Y - 1) / align.Y);
            chosen.Least = Math.Min(chosen.Least, Need(z, align.Y).Bytes);
            while (from <= until && Need(z, align.Y).Bytes <= memory)
            {
                var middle = (from + until) / 2;
                var (bytes, cost) = Need(z, middle * align.Y);
                if (bytes > memory)
                {
                    until = middle - 1;
                    continue;
                }

                from = middle + 1;
                if (cost < chosen.Cost)
                    chosen = chosen with { Best = (z, Math.Min(seen.H, middle * align.Y), Math.Min(seen.W, middle * align.X)), Cost = cost, Bytes = bytes };
            }

            if (z <= align.Z)
                break;
        }

        return double.IsFinite(chosen.Cost) ? (chosen.Best, memory - chosen.Bytes)
            : throw new InsufficientMemoryLimitException($"TiledPrediction: {memory >> 20} MiB are too little memory; the smallest part of the image, with what its embeddings "
                + $"depend on, needs {(chosen.Least >> 20) + 1} MiB.", chosen.Least);

        // In the middle of the image, where windows are largest.
        (long Bytes, double Cost) Need(int depth, int side)
        {
            var (height, width) = (Math.Min(side, seen.H), Math.Min(side, seen.W));
            var window = _field.Window(new VoxelBox(Middle(seen.D, depth, align.Z), Middle(seen.H, height, align.Y), Middle(seen.W, width, align.X), depth, height, width));
            // Boxes that are read do not begin at multiples of the alignment.
            var shape = new TensorShape(1, Math.Min(seen.D, window.Depth + (depth < seen.D ? align.Z : 0)),
                Math.Min(seen.H, window.Height + (height < seen.H ? align.Y : 0)), Math.Min(seen.W, window.Width + (width < seen.W ? align.X : 0)), 1);
            return (Bytes(_model, shape, seen), shape.Voxels / ((double)depth * height * width));
        }

        static int Middle(int whole, int extent, int align) => (whole - extent) / 2 / align * align;
    }

    /// <summary>Statistics of all group norms: one pass over the image for each. A 2D network sees every slice as an image of its own.</summary>
    private GroupStatistics Statistics(int z)
    {
        if (_statistics.TryGetValue(z, out var known))
            return known;
        var image = new VoxelBox(_flat ? z : 0, 0, 0, _flat ? 1 : Depth, Height, Width);
        var statistics = new GroupStatistics();
        try
        {
            var units = 2 * (2 * _net.Options.FeatureMaps.Count - 1);
            while (statistics.Count < units)
            {
                foreach (var part in Cut(image, _field.Alignment))
                    Forward(Window(part), part, statistics, Watch([]), null);
                statistics.Close(_model.Device);
            }

            return _statistics[z] = statistics;
        }
        catch
        {
            statistics.Dispose();
            throw;
        }
    }

    private ForwardWatch Watch(IEnumerable<VoxelBox> parts)
    {
        var watch = new ForwardWatch(_net.Options, _progress, _cancellation);
        foreach (var window in parts.Select(Window))
            watch.Expect(new TensorShape(1, window.Depth, window.Height, window.Width, 1));
        return watch;
    }

    private void Forward(VoxelBox part, ForwardWatch watch, Action<DeviceBuffer<float>> take) =>
        Forward(Window(part), part, _net.Options.HasGroupNorm ? Statistics(_flat ? part.Z : 0) : null, watch, take);

    /// <summary>Hands over the network's results in the window; none while statistics are measured.</summary>
    private void Forward(VoxelBox window, VoxelBox part, GroupStatistics? statistics, ForwardWatch watch, Action<DeviceBuffer<float>>? take)
    {
        _cancellation.ThrowIfCancellationRequested();
        var shape = new TensorShape(1, window.Depth, window.Height, window.Width, _image.Channels);
        // Blocks of a window of another size are of no use for this one.
        if (_last with { Z = 0, Y = 0, X = 0 } != (window with { Z = 0, Y = 0, X = 0 }))
            _model.Device.Pool.Trim();
        _last = window;
        // Tensors of many sizes follow each other: those that wait for reuse give way where they would exceed the limit.
        // What is left of the memory keeps the transformed weights from window to window.
        _held ??= _net.Parameters.Hold(_heldBytes);
        var pool = _model.Device.Pool;
        var before = pool.Limit;
        pool.Limit = Math.Min(before ?? long.MaxValue, pool.Statistics.LiveBytes + _memory);
        try
        {
            Forward(shape, window, part, statistics, watch, take);
        }
        finally
        {
            pool.Limit = before;
        }
    }

    private void Forward(
        TensorShape shape, VoxelBox window, VoxelBox part, GroupStatistics? statistics, ForwardWatch watch, Action<DeviceBuffer<float>>? take)
    {
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        using var rounding = _model.Rounding();
        var pixels = WindowArrays.Room(ref Arrays.Pixels, shape.Count);
        _image.Read(window, pixels);
        var own = part with { Z = part.Z - window.Z, Y = part.Y - window.Y, X = part.X - window.X };
        if (_net.Forward(Tensor.From(_model.Device, shape, pixels), new ImagePart(Seen(_image), own, statistics), watch) is { } y)
            take!(y.Buffer);
    }

    private void Copy(float[] y, VoxelBox window, VoxelBox part, VoxelBox box, Span<float> values, Span<float> foreground)
    {
        var (d, channels) = (Channels, _net.Options.OutputChannels);
        for (var row = 0; row < part.Depth * part.Height; row++)
        {
            var (z, line) = (part.Z + row / part.Height, part.Y + row % part.Height);
            var source = (((z - window.Z) * window.Height + line - window.Y) * window.Width + part.X - window.X) * channels;
            var target = ((z - box.Z) * box.Height + line - box.Y) * box.Width + part.X - box.X;
            for (var x = 0; x < part.Width; x++, source += channels, target++)
            {
                y.AsSpan(source, d).CopyTo(values[(target * d)..]);
                if (!foreground.IsEmpty)
                    foreground[target] = Primitives.Probability.Of(y[source + d]);
            }
        }
    }

    /// <summary>Arrays that are kept from window to window.</summary>
    internal sealed class WindowArrays
    {
        public float[] Pixels = [];
        public float[] Results = [];

        /// <summary>Lets go of them.</summary>
        public void Clear() => (Pixels, Results) = ([], []);

        /// <summary>So many values of one of them.</summary>
        public static Span<float> Room(ref float[] array, long count)
        {
            if (array.Length < count)
                array = GC.AllocateUninitializedArray<float>(checked((int)count));
            return array.AsSpan(0, (int)count);
        }
    }
}
