using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mean affinities of an image of any size in several orientations, computed box by box where they are read, on the model's device: the weights that
/// <see cref="OrientationAverage"/> gives for the image at once, with the same bits where <see cref="TiledPrediction"/> gives those of the embeddings. Not safe under
/// several threads.
/// </summary>
public sealed class TiledAffinities : IPredictionReader
{
    private readonly SpocoModel _model;
    private readonly IVolumeReader<float> _image;
    private readonly IReadOnlyList<VoxelOffset> _offsets;
    private readonly List<(Orientation Orientation, TiledPrediction Prediction)> _views = [];
    private readonly VoxelOffset _reach;
    private readonly long _values;
    private float[] _staging = [];

    /// <summary>Prepares the prediction; nothing is computed yet.</summary>
    /// <param name="model">The model; the caller disposes it afterwards.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="orientations">1, 2, 4 or 8.</param>
    /// <param name="memory">Bytes for the computation: half of them for the prediction of a window, half for what comes of it.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">The image does not fit the network, the number is another, or the memory is too small.</exception>
    public TiledAffinities(SpocoModel model, IVolumeReader<float> image, int orientations, long memory, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        (_model, _image) = (model, image);
        _offsets = model.Options.Segmentation.Watershed.Resolve(image.Depth).Offsets;
        _reach = new VoxelOffset(_offsets.Max(o => Math.Abs(o.Z)), _offsets.Max(o => Math.Abs(o.Y)), _offsets.Max(o => Math.Abs(o.X)));
        _values = memory / 2 / sizeof(float);
        var arrays = new TiledPrediction.WindowArrays();
        try
        {
            foreach (var orientation in Orientation.First(orientations))
                _views.Add((orientation, new TiledPrediction(model, new OrientedReader(image, orientation), memory / 2, cancellation: cancellation) { Arrays = arrays }));
        }
        catch (InsufficientMemoryLimitException e)
        {
            throw new InsufficientMemoryLimitException($"{e.Message} Mean affinities need twice as much.", 2 * e.NeededBytes);
        }
    }

    /// <inheritdoc/>
    public int Depth => _image.Depth;

    /// <inheritdoc/>
    public int Height => _image.Height;

    /// <inheritdoc/>
    public int Width => _image.Width;

    /// <summary>Number of offsets.</summary>
    public int Channels => _offsets.Count;

    /// <summary>Reads the weights of the edges that begin in a box, which are computed now; 1 where an edge leaves the image.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, C].</param>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    public void Read(VoxelBox box, Span<float> values) => Read(box, values, [], []);

    /// <summary>Dimensions of an embedding.</summary>
    public int Dimensions => _model.Options.EmbeddingDimensions;

    /// <summary>Reads the weights, and what is known beside them: the embeddings of the image as it is, and the mean probability of belonging to an object.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, C].</param>
    /// <param name="embeddings">Receives [D, H, W, d]; empty = not wanted.</param>
    /// <param name="foreground">Receives [D, H, W], for a model that has learned it; empty = not wanted.</param>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    public void Read(VoxelBox box, Span<float> values, Span<float> embeddings, Span<float> foreground)
    {
        if (!foreground.IsEmpty && !_model.Options.Foreground)
            throw new ArgumentException("TiledAffinities: the model has learned no foreground.");
        foreach (var part in Cut(box))
        {
            using var mean = new MeanAffinities(_model, _offsets, part, _views.Count, channelsLast: true);
            foreach (var (orientation, prediction) in _views)
                Add(mean, orientation, prediction, part, box, embeddings);
            Put(mean.Weights, part, box, values);
            if (!foreground.IsEmpty)
                Put(mean.Foreground, part, box, foreground);
        }
    }

    /// <inheritdoc/>
    public void Trim()
    {
        _staging = [];
        foreach (var (_, prediction) in _views)
            prediction.Trim();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, prediction) in _views)
            prediction.Dispose();
    }

    // Parts as large as the memory allows, halved along the longest side until they fit.
    private IEnumerable<VoxelBox> Cut(VoxelBox box)
    {
        if (Values(box) <= _values || box.VoxelCount == 1)
            return [box];
        var (first, second) = box.Depth > Math.Max(box.Height, box.Width)
            ? (box with { Depth = box.Depth / 2 }, box with { Z = box.Z + box.Depth / 2, Depth = box.Depth - box.Depth / 2 })
            : box.Height > box.Width
                ? (box with { Height = box.Height / 2 }, box with { Y = box.Y + box.Height / 2, Height = box.Height - box.Height / 2 })
                : (box with { Width = box.Width / 2 }, box with { X = box.X + box.Width / 2, Width = box.Width - box.Width / 2 });
        return Cut(first).Concat(Cut(second));
    }

    private VoxelBox Around(VoxelBox box) => new VoxelBox(
        box.Z - _reach.Z, box.Y - _reach.Y, box.X - _reach.X, box.Depth + 2 * _reach.Z, box.Height + 2 * _reach.Y, box.Width + 2 * _reach.X)
        .Intersect(new VoxelBox(0, 0, 0, Depth, Height, Width));

    // What the network says around a part; then its affinities, foreground and embeddings, on the device and, one of these after the other, on their way to the host.
    private long Values(VoxelBox part) => Around(part).VoxelCount * _model.EmbeddingNet.Options.OutputChannels
        + part.VoxelCount * (_offsets.Count + 1 + Math.Max(_offsets.Count, 2 * Dimensions));

    private void Add(
        MeanAffinities mean, Orientation orientation, TiledPrediction prediction, VoxelBox part, VoxelBox box, Span<float> embeddings)
    {
        var around = Around(part);
        var channels = _model.EmbeddingNet.Options.OutputChannels;
        using var holdings = new Holdings();
        var outputs = holdings.Allocate<float>(_model.Device, around.VoxelCount * channels, "mean affinities");
        prediction.Read(orientation.Apply(around, Height, Width), outputs);
        mean.Add(orientation, around, outputs);
        // The embeddings are those of the image as it is.
        if (embeddings.IsEmpty || orientation != default)
            return;
        var own = holdings.Allocate<float>(_model.Device, part.VoxelCount * Dimensions, "embeddings");
        Primitives.Crop.Copy(
            new TensorShape(1, around.Depth, around.Height, around.Width, channels), new PixelOffset(part.Z - around.Z, part.Y - around.Y, part.X - around.X),
            outputs, new TensorShape(1, part.Depth, part.Height, part.Width, Dimensions), default, own,
            new TensorShape(1, part.Depth, part.Height, part.Width, 1));
        Put(own, part, box, embeddings);
    }

    /// <summary>Copies the values of a part's voxels from the device to where they belong in the box.</summary>
    private void Put(DeviceBuffer<float> values, VoxelBox part, VoxelBox box, Span<float> target)
    {
        if (part == box)
        {
            values.CopyTo(target);
            return;
        }

        var source = TiledPrediction.WindowArrays.Room(ref _staging, values.Length);
        values.CopyTo(source);
        var channels = (int)(values.Length / part.VoxelCount);
        for (var row = 0; row < part.Depth * part.Height; row++)
        {
            var (z, y) = (part.Z - box.Z + row / part.Height, part.Y - box.Y + row % part.Height);
            source.Slice(row * part.Width * channels, part.Width * channels).CopyTo(target[(((z * box.Height + y) * box.Width + part.X - box.X) * channels)..]);
        }
    }
}
