using Spoco.Kernels;

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
            Put(mean.Weights, part, part, box, Channels, values);
            if (!foreground.IsEmpty)
                Put(mean.Foreground, part, part, box, 1, foreground);
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

    // What the network says around a part; the part's affinities and foreground; and what is on its way from a device to the host.
    private long Values(VoxelBox part)
    {
        var outputs = Around(part).VoxelCount * _model.EmbeddingNet.Options.OutputChannels;
        var onTheWay = _model.Device.Capabilities.OnHost ? 0 : Math.Max(outputs, part.VoxelCount * _offsets.Count);
        return outputs + part.VoxelCount * (_offsets.Count + 1) + onTheWay;
    }

    private void Add(MeanAffinities mean, Orientation orientation, TiledPrediction prediction, VoxelBox part, VoxelBox box, Span<float> embeddings)
    {
        var around = Around(part);
        var channels = _model.EmbeddingNet.Options.OutputChannels;
        var outputs = _model.Device.Allocate<float>(around.VoxelCount * channels, "mean affinities");
        using var memory = outputs.Memory;
        prediction.Read(orientation.Apply(around, Height, Width), outputs);
        mean.Add(orientation, around, outputs);
        // The embeddings are those of the image as it is.
        if (!embeddings.IsEmpty && orientation == default)
            Put(outputs, around, part, box, Dimensions, embeddings);
    }

    /// <summary>Copies the first channels of a part's voxels from where they lie on the device to where they belong in the box that is read.</summary>
    private void Put(DeviceBuffer<float> values, VoxelBox lies, VoxelBox part, VoxelBox box, int channels, Span<float> target)
    {
        var source = _model.Device.Capabilities.OnHost ? values.Span : TiledPrediction.WindowArrays.Room(ref _staging, values.Length);
        if (!_model.Device.Capabilities.OnHost)
            values.CopyTo(source);
        var stride = (int)(values.Length / lies.VoxelCount);
        // Voxels that lie side by side in both.
        var (runs, run) = stride == channels ? (1, part.Width) : (part.Width, 1);
        for (var row = 0; row < part.Depth * part.Height; row++)
        {
            var (z, y) = (part.Z + row / part.Height, part.Y + row % part.Height);
            var from = ((z - lies.Z) * lies.Height + y - lies.Y) * lies.Width + part.X - lies.X;
            var to = ((z - box.Z) * box.Height + y - box.Y) * box.Width + part.X - box.X;
            for (var i = 0; i < runs; i++)
                source.Slice((from + i) * stride, run * channels).CopyTo(target[((to + i) * channels)..]);
        }
    }
}
