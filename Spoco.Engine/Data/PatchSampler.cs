using Spoco.Kernels;

namespace Spoco.Engine.Data;

/// <summary>
/// Draws training batches: what iteration i gets depends on the seed and on i only. Every image comes once per epoch, in an order drawn anew for
/// each. A patch is placed anew, up to ten times, until it shows a labelled object, and then on one if the image has any; but for a part of the patches,
/// which lie anywhere: what is far from all labelled objects has to be seen, too.
/// Keeps scratch memory: one instance per thread.
/// </summary>
internal sealed class PatchSampler
{
    private const int Placements = 10;

    // Patches take the items 0 .. N - 1 of an iteration's streams; the order of an epoch takes a stream no patch has.
    private const int EpochStream = -1;

    private readonly IReadOnlyList<IPatchSource> _items;
    private readonly AugmentationOptions _options;
    private readonly PatchExtents _patch;
    private readonly int _batch;
    private readonly long _seed;
    private readonly double _free;
    private readonly PatchResampler _resampler;
    private readonly IntensityAugmentation _intensity;
    private readonly Dictionary<int, int> _numbers = [];
    private readonly int[] _order;
    private long _epoch = -1;

    /// <summary>Checks that every image has labels of its own extents, as many channels as the others, and room for a patch.</summary>
    /// <param name="items">The images.</param>
    /// <param name="patch">Extents of a patch.</param>
    /// <param name="batch">Patches of a batch.</param>
    /// <param name="options">How patches are varied.</param>
    /// <param name="seed">Decides all that is drawn.</param>
    /// <param name="free">Part of the patches that lie anywhere, spread evenly over them.</param>
    /// <exception cref="InputException">An image cannot be used.</exception>
    public PatchSampler(IReadOnlyList<IPatchSource> items, PatchExtents patch, int batch, AugmentationOptions options, long seed, double free = 0)
    {
        if (items.Count == 0)
            throw new InputException("Training needs at least one image.");
        if (patch.Depth < 1 || patch.Height < 1 || patch.Width < 1 || batch < 1)
            throw new InputException($"Training needs patches of at least 1 voxel and batches of at least 1 patch, got {batch} of {patch}.");
        options.Validate();
        foreach (var item in items)
        {
            if (item is TrainingItem(var name, var image, var labels) && (!image.HasExtentsOf(labels) || labels.Channels != 1))
                throw new InputException($"labels of {name} are {labels} but the image is {image}");
            if (item.Channels != items[0].Channels)
                throw new InputException($"image {item.Name} has {item.Channels} channels but image {items[0].Name} has {items[0].Channels}");
            var (depth, height, width) = item.Extents;
            if (patch.Depth > depth || (options.ScaleOf == ScaleReference.Patch && (patch.Height > height || patch.Width > width)))
                throw new InputException($"patch {patch} is larger than image {item.Name} ({item.Extents})");
        }

        (_items, _options, _patch, _batch, _seed, _free) = (items, options, patch, batch, seed, free);
        _resampler = new PatchResampler(patch);
        _intensity = new IntensityAugmentation(options);
        _order = new int[items.Count];
    }

    /// <summary>Values per voxel of the images.</summary>
    public int Channels => _items[0].Channels;

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
            FillPatch(RandomSource.ForIndex(_seed, iteration, n), ItemOf(iteration, n), IsFree(iteration * _batch + n),
                viewF.Slice(n * values, values), viewG.Slice(n * values, values), labels.Slice(n * voxels, voxels));
    }

    private bool IsFree(long patch) => Math.Floor((patch + 1) * _free) > Math.Floor(patch * _free);

    private void FillPatch(RandomSource random, int index, bool free, Span<float> viewF, Span<float> viewG, Span<int> labels)
    {
        var item = _items[index];
        var (extents, allAxes) = (item.Extents, TreatsAxesAlike(item));
        var box = new VoxelBox(0, 0, 0, extents.Depth, extents.Height, extents.Width);
        PatchGeometry geometry;
        // Where there is no object, one place is as good as another.
        var aimed = !free && item.Objects.Count > 0;
        var placement = aimed ? 0 : Placements;
        do
        {
            // The last try aims at an object, if there is one.
            (int, int, int)? target = null;
            if (placement == Placements && aimed)
                target = item.Objects[random.NextInt(item.Objects.Count)] is var o ? (o.Z, o.Y, o.X) : null;
            geometry = PatchGeometry.Draw(random, _patch, extents, _options, allAxes, target);
            if (item.ReadsBoxes)
                box = _resampler.Bounds(geometry, extents);
        }
        while (!_resampler.Labels(item.ReadLabels(box), box, extents, geometry, labels) && placement++ < Placements);

        _resampler.Image(item.ReadImage(box), box, extents, geometry, viewF);
        viewF.CopyTo(viewG);
        _intensity.Apply(random, viewF, _patch, Channels, allAxes);
        _intensity.Apply(random, viewG, _patch, Channels, allAxes);
        Renumber(labels);
    }

    private bool TreatsAxesAlike(IPatchSource image) => _options.Axes switch
    {
        GeometryAxes.All => true,
        GeometryAxes.InPlane => false,
        _ => image.VoxelSize is { X: > 0 } size && Math.Abs(size.Z / size.X - 1) < 0.25,
    };

    /// <summary>Numbers the objects of a patch from 1, in the order in which they appear; labels below 1 stay.</summary>
    private void Renumber(Span<int> labels)
    {
        _numbers.Clear();
        var (previous, number) = (0, 0);
        foreach (ref var label in labels)
        {
            if (label != previous)
            {
                previous = label;
                number = Math.Min(label, 0);
                if (label > 0 && !_numbers.TryGetValue(label, out number))
                    _numbers.Add(label, number = _numbers.Count + 1);
            }

            label = number;
        }
    }
}
