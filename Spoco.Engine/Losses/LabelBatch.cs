using System.Runtime.InteropServices;
using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// The label images of a batch, [N, D, H, W], prepared for the losses: 0 is unlabelled or background, any other value an object; the values
/// need not be consecutive. The labels of each image are numbered in ascending order (the owner of a pixel), and the pixels sorted by them.
/// Making one touches no device and may be done by another thread; the first loss on a device uploads it, once.
/// </summary>
public sealed class LabelBatch : IDisposable
{
    private readonly int[] _owners;
    private readonly int[] _order;
    private readonly int[] _starts;
    private readonly int[] _labels;
    private readonly int[] _imageClusters;
    private PixelSegments? _segments;
    private ForegroundTargets? _targets;

    private LabelBatch(TensorShape shape, int[] owners, int[] order, int[] starts, int[] labels, int[] imageClusters)
    {
        Shape = shape;
        _owners = owners;
        _order = order;
        _starts = starts;
        _labels = labels;
        _imageClusters = imageClusters;
    }

    /// <summary>The extents, [N, D, H, W, 1].</summary>
    public TensorShape Shape { get; }

    /// <summary>Number of clusters of the batch: one per image and label, label 0 included where it occurs.</summary>
    public int Clusters => _labels.Length;

    /// <summary>First cluster of each image, and the end of the last.</summary>
    public ReadOnlySpan<int> ImageClusters => _imageClusters;

    /// <summary>Label of each cluster.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>Rank of every pixel's label among the labels of its image.</summary>
    internal ReadOnlySpan<int> Owners => _owners;

    /// <summary>Sorts the labels of a batch.</summary>
    /// <param name="shape">[N, D, H, W, 1].</param>
    /// <param name="labels">One label per pixel, at least 0.</param>
    /// <exception cref="ArgumentException">The number of labels does not fit the shape, a label is negative, or the batch exceeds 2^31 - 1
    /// pixels.</exception>
    public static LabelBatch From(TensorShape shape, ReadOnlySpan<int> labels)
    {
        if (!shape.IsValid || shape.C != 1 || labels.Length != shape.Count)
            throw new ArgumentException($"LabelBatch: {labels.Length} labels do not fill {shape} (one channel).");
        var pixels = (int)shape.VoxelsPerImage;
        var owners = new int[labels.Length];
        var starts = new List<int>();
        var values = new List<int>();
        var imageClusters = new int[shape.N + 1];
        var numbers = new Dictionary<int, int>();
        for (var n = 0; n < shape.N; n++)
        {
            var first = n * pixels;
            var found = Number(labels.Slice(first, pixels), owners.AsSpan(first, pixels), numbers);
            var at = first;
            foreach (var (label, count) in found)
            {
                starts.Add(at);
                values.Add(label);
                at += count;
            }

            imageClusters[n + 1] = values.Count;
        }

        starts.Add(labels.Length);
        var order = new int[labels.Length];
        var next = starts.ToArray();
        for (var n = 0; n < shape.N; n++)
        {
            for (var i = n * pixels; i < (n + 1) * pixels; i++)
                order[next[imageClusters[n] + owners[i]]++] = i;
        }

        return new LabelBatch(shape, owners, order, [.. starts], [.. values], imageClusters);
    }

    /// <summary>The pixels of a cluster, as indices into the batch, ascending.</summary>
    public ReadOnlySpan<int> Pixels(int cluster) => _order.AsSpan(_starts[cluster], _starts[cluster + 1] - _starts[cluster]);

    /// <summary>Returns the memory on the device.</summary>
    public void Dispose()
    {
        _segments?.Dispose();
        _segments = null;
        _targets?.Dispose();
        _targets = null;
    }

    /// <summary>The sorted pixels on a device; kept until another device is asked for, or until the batch is disposed.</summary>
    internal PixelSegments On(ComputeDevice device)
    {
        if (_segments?.Owners.Device != device)
        {
            _segments?.Dispose();
            _segments = PixelSegments.Upload(device, _owners, _order, _starts, _imageClusters);
        }

        return _segments!;
    }

    /// <summary>The targets of a foreground channel; kept as the sorted pixels are.</summary>
    internal ForegroundTargets ForegroundTargets(ComputeDevice device, float balance)
    {
        if (_targets?.Buffer.Device != device || _targets.Balance != balance)
        {
            _targets?.Dispose();
            _targets = Losses.ForegroundTargets.Upload(device, this, balance);
        }

        return _targets;
    }

    /// <summary>Writes the rank of every label among the image's labels, and returns the labels in ascending order with their counts.</summary>
    private static (int Label, int Count)[] Number(ReadOnlySpan<int> labels, Span<int> owners, Dictionary<int, int> numbers)
    {
        numbers.Clear();
        var found = new List<(int Label, int Count)>();
        for (var i = 0; i < labels.Length;)
        {
            var label = labels[i];
            if (label < 0)
                throw new ArgumentException($"LabelBatch: labels must be at least 0, found {label}.");
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, label, out var known);
            if (!known)
            {
                number = found.Count;
                found.Add((label, 0));
            }

            // Labels come in runs: one look-up for each.
            var first = i;
            while (i < labels.Length && labels[i] == label)
                owners[i++] = number;
            found[number] = (label, found[number].Count + i - first);
        }

        var ascending = found.OrderBy(f => f.Label).ToArray();
        var rank = new int[found.Count];
        for (var k = 0; k < ascending.Length; k++)
            rank[numbers[ascending[k].Label]] = k;
        for (var i = 0; i < owners.Length; i++)
            owners[i] = rank[owners[i]];
        return ascending;
    }
}
