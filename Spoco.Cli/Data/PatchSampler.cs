using Spoco.Engine;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli.Data;

/// <summary>
/// Draws training batches: what iteration i gets depends on the seed and on i only. Every image comes once per epoch, in an order drawn anew for
/// each. A patch is placed anew, up to ten times, until it shows a labelled object, and then on one if the image has any.
/// Keeps scratch memory: one instance per thread.
/// </summary>
internal sealed class PatchSampler
{
    private const int Placements = 10;

    // Patches take the items 0 .. N - 1 of an iteration's streams; the order of an epoch takes a stream no patch has.
    private const int EpochStream = -1;

    private readonly IReadOnlyList<TrainingItem> _items;
    private readonly AugmentationOptions _options;
    private readonly PatchExtents _patch;
    private readonly int _batch;
    private readonly long _seed;
    private readonly PatchResampler _resampler;
    private readonly IntensityAugmentation _intensity;
    private readonly (int Z, int Y, int X)[]?[] _objects;
    private readonly Dictionary<int, int> _numbers = [];
    private readonly int[] _order;
    private long _epoch = -1;

    /// <summary>Checks that every image has labels of its own extents, as many channels as the others, and room for a patch.</summary>
    /// <exception cref="InputException">An image cannot be used.</exception>
    public PatchSampler(IReadOnlyList<TrainingItem> items, PatchExtents patch, int batch, AugmentationOptions options, long seed)
    {
        if (items.Count == 0)
            throw new InputException("Training needs at least one image.");
        if (patch.Depth < 1 || patch.Height < 1 || patch.Width < 1 || batch < 1)
            throw new InputException($"Training needs patches of at least 1 voxel and batches of at least 1 patch, got {batch} of {patch}.");
        options.Validate();
        foreach (var (name, image, labels) in items)
        {
            if (!image.HasExtentsOf(labels) || labels.Channels != 1)
                throw new InputException($"labels of {name} are {labels} but the image is {image}");
            if (image.Channels != items[0].Image.Channels)
                throw new InputException(
                    $"image {name} has {image.Channels} channels but image {items[0].Name} has {items[0].Image.Channels}");
            if (patch.Depth > image.Depth || patch.Height > image.Height || patch.Width > image.Width)
                throw new InputException($"patch {patch} is larger than image {name} ({Extents(image)})");
        }

        (_items, _options, _patch, _batch, _seed) = (items, options, patch, batch, seed);
        _resampler = new PatchResampler(patch);
        _intensity = new IntensityAugmentation(options);
        _objects = new (int, int, int)[]?[items.Count];
        _order = new int[items.Count];
    }

    /// <summary>Values per voxel of the images.</summary>
    public int Channels => _items[0].Image.Channels;

    /// <summary>Allocates buffers for one batch.</summary>
    public TrainingBatch NewBatch() => new(new TensorShape(_batch, _patch.Depth, _patch.Height, _patch.Width, Channels));

    /// <summary>Which image serves patch <paramref name="n"/> of an iteration.</summary>
    public int ItemOf(long iteration, int n)
    {
        var (epoch, position) = Math.DivRem(iteration * _batch + n, _items.Count);
        if (epoch != _epoch)
        {
            for (var i = 0; i < _order.Length; i++)
                _order[i] = i;
            RandomSource.ForIndex(_seed, epoch, EpochStream).Shuffle(_order.AsSpan());
            _epoch = epoch;
        }

        return _order[position];
    }

    /// <summary>Fills a batch with what iteration <paramref name="iteration"/> is trained on.</summary>
    public void Fill(long iteration, TrainingBatch batch)
    {
        Fill(iteration, batch.ViewF, batch.ViewG, batch.Labels);
        batch.Iteration = iteration;
    }

    /// <summary>Fills the views f and g, [N, D, H, W, C], and their labels, [N, D, H, W].</summary>
    public void Fill(long iteration, Span<float> viewF, Span<float> viewG, Span<int> labels)
    {
        var (values, voxels) = (_patch.VoxelCount * Channels, _patch.VoxelCount);
        if (viewF.Length != _batch * values || viewG.Length != _batch * values || labels.Length != _batch * voxels)
            throw new ArgumentException(
                $"Batch: {_batch} patches of {_patch} with {Channels} channels do not fill "
                + $"{viewF.Length}, {viewG.Length} values and {labels.Length} labels.");
        for (var n = 0; n < _batch; n++)
            FillPatch(RandomSource.ForIndex(_seed, iteration, n), ItemOf(iteration, n),
                viewF.Slice(n * values, values), viewG.Slice(n * values, values), labels.Slice(n * voxels, voxels));
    }

    private void FillPatch(RandomSource random, int index, Span<float> viewF, Span<float> viewG, Span<int> labels)
    {
        var (_, image, imageLabels) = _items[index];
        var allAxes = TreatsAxesAlike(image);
        var extents = Extents(image);
        PatchGeometry geometry;
        var placement = 0;
        do
        {
            // The last try aims at an object, if there is one.
            var target = placement == Placements ? RandomObject(random, index) : null;
            geometry = PatchGeometry.Draw(random, _patch, extents, _options, allAxes, target);
        }
        while (!_resampler.Labels(imageLabels, geometry, labels) && placement++ < Placements);

        _resampler.Image(image, geometry, viewF);
        viewF.CopyTo(viewG);
        _intensity.Apply(random, viewF, _patch, Channels, allAxes);
        _intensity.Apply(random, viewG, _patch, Channels, allAxes);
        Renumber(labels);
    }

    private bool TreatsAxesAlike(Volume<float> image) => _options.Axes switch
    {
        GeometryAxes.All => true,
        GeometryAxes.InPlane => false,
        _ => image.VoxelSize is { X: > 0 } size && Math.Abs(size.Z / size.X - 1) < 0.25,
    };

    /// <summary>A random object's voxel that lies in the middle of its voxels' scan order.</summary>
    private (int Z, int Y, int X)? RandomObject(RandomSource random, int index)
    {
        var objects = _objects[index] ??= FindObjects(_items[index].Labels);
        return objects.Length == 0 ? null : objects[random.NextInt(objects.Length)];
    }

    private static (int Z, int Y, int X)[] FindObjects(Volume<int> labels)
    {
        var left = new Dictionary<int, int>();
        foreach (var label in labels.Data)
            if (label != 0)
                left[label] = left.GetValueOrDefault(label) + 1;
        foreach (var (label, count) in left)
            left[label] = count / 2 + 1;
        var found = new List<(int, int, int)>();
        for (var i = 0; i < labels.Data.Length; i++)
            if (labels.Data[i] != 0 && --left[labels.Data[i]] == 0)
                found.Add((i / (labels.Height * labels.Width), i / labels.Width % labels.Height, i % labels.Width));
        return [.. found];
    }

    /// <summary>Numbers the objects of a patch from 1, in the order in which they appear.</summary>
    private void Renumber(Span<int> labels)
    {
        _numbers.Clear();
        var (previous, number) = (0, 0);
        foreach (ref var label in labels)
        {
            if (label != previous)
            {
                previous = label;
                number = 0;
                if (label != 0 && !_numbers.TryGetValue(label, out number))
                    _numbers.Add(label, number = _numbers.Count + 1);
            }

            label = number;
        }
    }

    private static PatchExtents Extents<T>(Volume<T> volume) where T : unmanaged => new(volume.Depth, volume.Height, volume.Width);
}
