using System.Runtime.CompilerServices;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mean affinities of an image of any size in several orientations, computed box by box where they are read: the weights that
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
    private readonly long _voxels;
    private float[] _embeddings = [];
    private float[] _foreground = [];

    /// <summary>Prepares the prediction; nothing is computed yet.</summary>
    /// <param name="model">The model; the caller disposes it afterwards.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="orientations">1, 2, 4 or 8.</param>
    /// <param name="memory">Bytes for the computation: half of them for the prediction of a window, half for embeddings.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">The image does not fit the network, the number is another, or the memory is too small.</exception>
    public TiledAffinities(SpocoModel model, IVolumeReader<float> image, int orientations, long memory, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        (_model, _image) = (model, image);
        _offsets = model.Options.Segmentation.Watershed.Resolve(image.Depth).Offsets;
        _reach = new VoxelOffset(_offsets.Max(o => Math.Abs(o.Z)), _offsets.Max(o => Math.Abs(o.Y)), _offsets.Max(o => Math.Abs(o.X)));
        _voxels = memory / 2 / (sizeof(float) * (model.Options.EmbeddingDimensions + 1));
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
        values.Clear();
        foreground.Clear();
        foreach (var part in Cut(box))
            foreach (var (orientation, prediction) in _views)
                Add(orientation, prediction, part, box, values, embeddings, foreground);
    }

    /// <inheritdoc/>
    public void Trim()
    {
        (_embeddings, _foreground) = ([], []);
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

    private void Add(
        Orientation orientation, TiledPrediction prediction, VoxelBox part, VoxelBox box, Span<float> values, Span<float> embeddings, Span<float> foreground)
    {
        var around = Around(part);
        var laid = orientation.Apply(around, Height, Width);
        var d = prediction.Channels;
        var probabilities = foreground.IsEmpty ? [] : TiledPrediction.WindowArrays.Room(ref _foreground, laid.VoxelCount);
        prediction.Read(laid, TiledPrediction.WindowArrays.Room(ref _embeddings, laid.VoxelCount * d), probabilities);
        // Where the first voxel is laid, and how far from it the next row and the next column are.
        var origin = Place(0, 0);
        var (row, column) = (Place(1, 0) - origin, Place(0, 1) - origin);
        var plane = (long)laid.Height * laid.Width;
        var reach = 2 * _model.Options.Segmentation.Watershed.PushMargin;
        for (var c = 0; c < _offsets.Count; c++)
        {
            var o = _offsets[c];
            var step = (nint)(o.Z * plane + o.Y * row + o.X * column) * d;
            for (var z = part.Z; z < part.Z + part.Depth; z++)
                for (var y = part.Y; y < part.Y + part.Height; y++)
                {
                    var target = (((z - box.Z) * box.Height + y - box.Y) * box.Width + part.X - box.X) * Channels + c;
                    var source = (z - around.Z) * plane + origin + (y - around.Y) * row + (part.X - around.X) * column;
                    for (var x = part.X; x < part.X + part.Width; x++, target += Channels, source += column)
                    {
                        ref var a = ref _embeddings[source * d];
                        var weight = around.Contains(z + o.Z, y + o.Y, x + o.X) ? Affinities.Weight(ref a, ref Unsafe.Add(ref a, step), d, reach) : 1;
                        values[target] += weight / _views.Count;
                    }
                }
        }

        for (var z = part.Z; z < part.Z + part.Depth; z++)
            for (var y = part.Y; y < part.Y + part.Height; y++)
            {
                var target = ((z - box.Z) * box.Height + y - box.Y) * box.Width + part.X - box.X;
                var source = (z - around.Z) * plane + origin + (y - around.Y) * row + (part.X - around.X) * column;
                // The embeddings are those of the image as it is.
                if (!embeddings.IsEmpty && orientation == default)
                    _embeddings.AsSpan((int)source * d, part.Width * d).CopyTo(embeddings[(target * d)..]);
                for (var x = 0; x < part.Width && !foreground.IsEmpty; x++)
                    foreground[target + x] += probabilities[(int)(source + x * column)] / _views.Count;
            }

        long Place(int y, int x)
        {
            var (a, b) = orientation.Transpose ? (x, y) : (y, x);
            return (orientation.FlipY ? laid.Height - 1 - a : a) * (long)laid.Width + (orientation.FlipX ? laid.Width - 1 - b : b);
        }
    }
}
