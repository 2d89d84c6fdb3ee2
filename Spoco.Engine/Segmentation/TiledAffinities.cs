namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mean affinities of an image of any size in several orientations, computed box by box where they are read: the weights that
/// <see cref="OrientationAverage"/> gives for the image at once, with the same bits where <see cref="TiledPrediction"/> gives those of the embeddings. Not safe under
/// several threads.
/// </summary>
public sealed class TiledAffinities : IVolumeReader<float>, IDisposable
{
    private readonly SpocoModel _model;
    private readonly IVolumeReader<float> _image;
    private readonly IReadOnlyList<VoxelOffset> _offsets;
    private readonly List<(Orientation Orientation, TiledPrediction Prediction)> _views = [];
    private readonly VoxelOffset _reach;
    private readonly long _voxels;

    /// <summary>Prepares the prediction; nothing is computed yet.</summary>
    /// <param name="model">The model; the caller disposes it afterwards.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="orientations">1, 2, 4 or 8.</param>
    /// <param name="memory">Bytes for the computation: half of them for the prediction of a window, half for embeddings and affinities.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">The image does not fit the network, the number is another, or the memory is too small.</exception>
    public TiledAffinities(SpocoModel model, IVolumeReader<float> image, int orientations, long memory, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        (_model, _image) = (model, image);
        _offsets = model.Options.Segmentation.Watershed.Resolve(image.Depth).Offsets;
        _reach = new VoxelOffset(_offsets.Max(o => Math.Abs(o.Z)), _offsets.Max(o => Math.Abs(o.Y)), _offsets.Max(o => Math.Abs(o.X)));
        // Embeddings as laid and as they are, and the weights of all edges.
        _voxels = memory / 2 / (sizeof(float) * (2 * model.Options.EmbeddingDimensions + _offsets.Count));
        foreach (var orientation in Orientation.First(orientations))
            _views.Add((orientation, new TiledPrediction(model, new OrientedReader(image, orientation), memory / 2, cancellation: cancellation)));
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
    public void Read(VoxelBox box, Span<float> values)
    {
        values.Clear();
        foreach (var part in Cut(box))
            foreach (var (orientation, prediction) in _views)
                Add(orientation, prediction, part, box, values);
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
        if (Around(box).VoxelCount <= _voxels || box.VoxelCount == 1)
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

    private void Add(Orientation orientation, TiledPrediction prediction, VoxelBox part, VoxelBox box, Span<float> values)
    {
        var around = Around(part);
        var laid = orientation.Apply(around, Height, Width);
        var embeddings = new Volume<float>(laid.Depth, laid.Height, laid.Width, prediction.Channels);
        prediction.Read(laid, embeddings.Data);
        var weights = Affinities.FromEmbeddings(orientation.Undo(embeddings), _offsets, _model.Options.Segmentation.Watershed.PushMargin);
        var voxels = (int)around.VoxelCount;
        for (var row = 0; row < part.Depth * part.Height; row++)
        {
            var (z, y) = (part.Z + row / part.Height, part.Y + row % part.Height);
            var source = ((z - around.Z) * around.Height + y - around.Y) * around.Width + part.X - around.X;
            var target = (((z - box.Z) * box.Height + y - box.Y) * box.Width + part.X - box.X) * Channels;
            for (var x = 0; x < part.Width; x++)
                for (var c = 0; c < Channels; c++)
                    values[target + x * Channels + c] += weights[c * voxels + source + x] / _views.Count;
        }
    }
}
