using System.Buffers;
using System.Runtime.InteropServices;
using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// The label images of a batch, [N, D, H, W], prepared for the losses: 0 is unlabelled or background, any other value an object; the values
/// need not be consecutive, and <see cref="Background"/> is 0 that is known to be background. The labels of each image are numbered in ascending order (the owner of a pixel), and the pixels sorted by them.
/// Making one touches no device and may be done by another thread; the first loss on a device uploads it, once. Memory is pooled: fresh pages for every
/// step would cost more than the sorting.
/// </summary>
public sealed class LabelBatch : IDisposable
{
    private int[] _owners;
    private int[] _order;
    private readonly int[] _starts;
    private readonly int[] _labels;
    private readonly int[] _imageClusters;
    private readonly int[] _background;
    private PixelSegments? _segments;
    private ForegroundTargets? _targets;
    private PositiveUnlabelledTargets? _partialTargets;

    private LabelBatch(TensorShape shape, int[] owners, int[] order, int[] starts, int[] labels, int[] imageClusters, int[] background)
    {
        Shape = shape;
        _owners = owners;
        _order = order;
        _starts = starts;
        _labels = labels;
        _imageClusters = imageClusters;
        _background = background;
    }

    /// <summary>
    /// The label of pixels that are certain to be background where 0 means not labelled. Embeddings treat them as 0; a foreground channel learns from them
    /// (<see cref="PositiveUnlabelledLoss"/>).
    /// </summary>
    public const int Background = -1;

    /// <summary>The extents, [N, D, H, W, 1].</summary>
    public TensorShape Shape { get; }

    /// <summary>Number of clusters of the batch: one per image and label, label 0 included where it occurs.</summary>
    public int Clusters => _labels.Length;

    /// <summary>First cluster of each image, and the end of the last.</summary>
    public ReadOnlySpan<int> ImageClusters => _imageClusters;

    /// <summary>Label of each cluster.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>Rank of every pixel's label among the labels of its image.</summary>
    internal ReadOnlySpan<int> Owners => _owners.AsSpan(0, (int)Shape.Count);

    /// <summary>Pixels with the label <see cref="Background"/>, as indices into the batch, ascending.</summary>
    internal ReadOnlySpan<int> BackgroundPixels => _background;

    /// <summary>Sorts the labels of a batch.</summary>
    /// <param name="shape">[N, D, H, W, 1].</param>
    /// <param name="labels">One label per pixel, at least 0 or <see cref="Background"/>.</param>
    /// <exception cref="ArgumentException">The number of labels does not fit the shape, a label is negative and not <see cref="Background"/>, or the batch
    /// exceeds 2^31 - 1 pixels.</exception>
    public static LabelBatch From(TensorShape shape, ReadOnlySpan<int> labels)
    {
        if (!shape.IsValid || shape.C != 1 || labels.Length != shape.Count)
            throw new ArgumentException($"LabelBatch: {labels.Length} labels do not fill {shape} (one channel).");
        if (!labels.Contains(Background))
            return Sorted(shape, labels, []);
        var known = ArrayPool<int>.Shared.Rent(labels.Length);
        var background = new List<int>();
        for (var i = 0; i < labels.Length; i++)
        {
            known[i] = labels[i] == Background ? 0 : labels[i];
            if (labels[i] == Background)
                background.Add(i);
        }

        try
        {
            return Sorted(shape, known.AsSpan(0, labels.Length), [.. background]);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(known);
        }
    }

    private static LabelBatch Sorted(TensorShape shape, ReadOnlySpan<int> labels, int[] background)
    {
        var pixels = (int)shape.VoxelsPerImage;
        var starts = new List<int>();
        var values = new List<int>();
        var imageClusters = new int[shape.N + 1];
        var (owners, order) = (ArrayPool<int>.Shared.Rent(labels.Length), ArrayPool<int>.Shared.Rent(labels.Length));
        for (var n = 0; n < shape.N; n++)
        {
            var at = n * pixels;
            foreach (var (label, count) in Count(labels.Slice(at, pixels)))
            {
                starts.Add(at);
                values.Add(label);
                at += count;
            }

            var ofImage = imageClusters[n]..;
            Sort(labels, n * pixels, at, CollectionsMarshal.AsSpan(values)[ofImage], CollectionsMarshal.AsSpan(starts)[ofImage].ToArray(), owners, order);
            imageClusters[n + 1] = values.Count;
        }

        starts.Add(labels.Length);
        return new LabelBatch(shape, owners, order, [.. starts], [.. values], imageClusters, background);
    }

    /// <summary>The pixels of a cluster, as indices into the batch, ascending.</summary>
    public ReadOnlySpan<int> Pixels(int cluster) => _order.AsSpan(_starts[cluster], _starts[cluster + 1] - _starts[cluster]);

    /// <summary>Returns the memory, here and on the device.</summary>
    public void Dispose()
    {
        if (_owners.Length > 0)
        {
            ArrayPool<int>.Shared.Return(_owners);
            ArrayPool<int>.Shared.Return(_order);
            (_owners, _order) = ([], []);
        }

        _segments?.Dispose();
        _segments = null;
        _targets?.Dispose();
        _targets = null;
        _partialTargets?.Dispose();
        _partialTargets = null;
    }

    /// <summary>The sorted pixels on a device; kept until another device is asked for, or until the batch is disposed.</summary>
    internal PixelSegments On(ComputeDevice device)
    {
        if (_segments?.Owners.Device != device)
        {
            _segments?.Dispose();
            _segments = null;
            _segments = PixelSegments.Upload(device, Owners, _order.AsSpan(0, (int)Shape.Count), _starts, _imageClusters);
        }

        return _segments!;
    }

    /// <summary>Copies to a device what a loss with these options reads of the labels: best before there is work that the copies would have to wait for.</summary>
    internal void Stage(ComputeDevice device, SpocoLossOptions options)
    {
        On(device);
        if (!options.ForegroundChannel || options.ForegroundWeight == 0)
            return;
        if (options.Supervision == Supervision.Sparse)
            PositiveUnlabelledTargets(device);
        else
            ForegroundTargets(device, options.ForegroundBalance);
    }

    /// <summary>The targets of a foreground channel; kept as the sorted pixels are.</summary>
    internal ForegroundTargets ForegroundTargets(ComputeDevice device, float balance)
    {
        if (_targets?.Buffer.Device != device || _targets.Balance != balance)
        {
            _targets?.Dispose();
            _targets = null;
            _targets = Losses.ForegroundTargets.Upload(device, this, balance);
        }

        return _targets;
    }

    /// <summary>The targets of a foreground channel where few objects are labelled; kept as the sorted pixels are.</summary>
    internal PositiveUnlabelledTargets PositiveUnlabelledTargets(ComputeDevice device)
    {
        if (_partialTargets?.Buffer.Device != device)
        {
            _partialTargets?.Dispose();
            _partialTargets = null;
            _partialTargets = Losses.PositiveUnlabelledTargets.Upload(device, this);
        }

        return _partialTargets!;
    }

    /// <summary>The labels of an image in ascending order, with their counts.</summary>
    private static (int Label, int Count)[] Count(ReadOnlySpan<int> labels)
    {
        var counts = new Dictionary<int, int>();
        for (int i = 0, end; i < labels.Length; i = end)
        {
            end = EndOfRun(labels, i);
            if (labels[i] < 0)
                throw new ArgumentException($"LabelBatch: labels must be at least 0, or {Background} for certain background, found {labels[i]}.");
            CollectionsMarshal.GetValueRefOrAddDefault(counts, labels[i], out _) += end - i;
        }

        return [.. counts.Select(c => (c.Key, c.Value)).OrderBy(c => c.Key)];
    }

    /// <summary>
    /// Writes the owners of the pixels [from, until) of an image with labels <paramref name="values"/>, and the pixels behind the place that is next for each
    /// label.
    /// </summary>
    private static void Sort(ReadOnlySpan<int> labels, int from, int until, ReadOnlySpan<int> values, Span<int> next, int[] owners, int[] order)
    {
        labels = labels[..until];
        for (int i = from, end; i < until; i = end)
        {
            end = EndOfRun(labels, i);
            var owner = values.BinarySearch(labels[i]);
            owners.AsSpan(i, end - i).Fill(owner);
            for (var pixel = i; pixel < end; pixel++)
                order[next[owner]++] = pixel;
        }
    }

    /// <summary>Labels come in runs: one look-up for each.</summary>
    private static int EndOfRun(ReadOnlySpan<int> labels, int first)
    {
        var length = labels[first..].IndexOfAnyExcept(labels[first]);
        return length < 0 ? labels.Length : first + length;
    }
}
