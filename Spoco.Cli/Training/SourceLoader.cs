using System.Runtime.ExceptionServices;
using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>
/// Opens the images of a data set: into memory as long as there is room, the rest stays on disk, and the patches are the same bits either way. A large
/// volume in HDF5 then is read box by box, every other image whole when a patch of it is wanted.
/// </summary>
internal sealed class SourceLoader(int dimensions, int? ignored, long memory, ImageReading? reading = null) : IDisposable
{
    private const long LeastCache = 1L << 28;

    private readonly DecodedImages _decoded = new(Math.Max(LeastCache, memory / 4));
    private readonly ImageReading _reading = reading ?? new ImageReading(new NormalisationOptions());
    private readonly List<Hdf5Pair> _files = [];
    private long _left = memory;

    /// <summary>Images that did not find room in memory.</summary>
    public int OnDisk { get; private set; }

    /// <summary>What the images are.</summary>
    public DataFingerprint Fingerprint { get; } = new();

    /// <summary>What is unusual about them.</summary>
    public LabelCheck Check { get; } = new();

    /// <summary>Looks at every image.</summary>
    /// <param name="items">The images.</param>
    /// <param name="cancellation">Stops between images.</param>
    /// <param name="part">What they are for.</param>
    /// <exception cref="InputException">One is damaged or does not fit its labels.</exception>
    public List<FoundImage> Open(IReadOnlyList<DataItem> items, CancellationToken cancellation, string part = "train")
    {
        var found = new List<FoundImage>();
        foreach (var group in items.Chunk(Environment.ProcessorCount))
        {
            cancellation.ThrowIfCancellationRequested();
            var streamed = group.Select(OpenLarge).ToArray();
            var loaded = new (Volume<float> Image, Volume<int> Labels)[group.Length];
            var failures = new Exception?[group.Length];
            Parallel.For(0, group.Length, i =>
            {
                try
                {
                    if (streamed[i] is null)
                        loaded[i] = group[i].Load();
                }
#pragma warning disable CA1031 // Thrown again below: the first by order, not by time.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    failures[i] = e;
                }
            });
            for (var i = 0; i < group.Length; i++)
            {
                if (failures[i] is { } failure)
                    ExceptionDispatchInfo.Throw(failure);
                if (streamed[i] is { } files)
                {
                    found.AddRange(OfVolume(part, group[i], files));
                    continue;
                }

                Fingerprint.Add(part, group[i].Name, loaded[i].Image, loaded[i].Labels);
                found.AddRange(OfFiles(group[i], loaded[i].Image, loaded[i].Labels));
            }
        }

        return found;
    }

    public void Dispose() => _files.ForEach(files => files.Dispose());

    /// <summary>Opens a volume that is too large for memory but can be read in boxes; null for every other item.</summary>
    private Hdf5Pair? OpenLarge(DataItem item)
    {
        if (!item.IsChunked)
            return null;
        var files = new Hdf5Pair(item);
        if (files.Region.VoxelCount <= _left / (4 * (files.Channels + 1)) && files.Region.VoxelCount * files.Channels <= Array.MaxLength)
        {
            files.Dispose();
            return null;
        }

        _files.Add(files);
        return files;
    }

    private List<FoundImage> OfVolume(string part, DataItem item, Hdf5Pair files)
    {
        if (_reading.SplitLabels)
            throw new InputException(
                $"{item.LabelPath}: --split-labels needs the labels in memory, where they find no room; give it more with --memory.");
        OnDisk++;
        var found = new List<FoundImage>();
        using ContentHash imageHash = new(), labelHash = new();
        foreach (var (name, region) in dimensions == 2 && files.Region.Depth > 1
            ? Enumerable.Range(0, files.Region.Depth).Select(z => ($"{item.Name}[{z}]", files.Region.Slice(z))) : [(item.Name, files.Region)])
        {
            var objects = Hdf5Source.FindObjects(files, region, ignored, _reading.BackgroundLabel, labelHash);
            var scaling = Hdf5Source.Measure(files, region, _reading.Normalisation, imageHash, name);
            Check.Look(name, objects, region.VoxelCount);
            found.Add(new FoundImage(name, objects, files.Channels, files.Channels == 1, (channels, rule) => channels == files.Channels
                ? new Hdf5Source(name, files, region, objects, scaling, rule)
                : throw new InputException($"{item.ImagePath}: the image has {files.Channels} channels, the others {channels}.")));
        }

        Fingerprint.Add(part, item.Name, (files.Region.Depth, files.Region.Height, files.Region.Width), imageHash, labelHash);
        return found;
    }

    private IEnumerable<FoundImage> OfFiles(DataItem item, Volume<float> image, Volume<int> labels)
    {
        var slices = dimensions == 2 && image.Depth > 1;
        var bytes = 4L * (image.Data.LongLength + labels.Data.LongLength);
        var stays = bytes <= _left;
        if (stays)
            _left -= bytes;
        else
            OnDisk++;
        for (var z = 0; z < (slices ? image.Depth : 1); z++)
        {
            var name = slices ? $"{item.Name}[{z}]" : item.Name;
            var (slice, truth) = slices
                ? (image.Crop(z, 0, 0, 1, image.Height, image.Width), labels.Crop(z, 0, 0, 1, image.Height, image.Width)) : (image, labels);
            var number = slices ? z : -1;
            Check.Look(name, slice, truth, ObjectIndex.Of(truth, ignored, _reading.BackgroundLabel));
            truth = _reading.Labels(truth);
            var objects = ObjectIndex.Of(truth, ignored, _reading.BackgroundLabel);
            var known = new KnownImage(new PatchExtents(slice.Depth, slice.Height, slice.Width), slice.VoxelSize, objects);
            yield return stays ? FoundImage.InMemory(name, slice, truth, objects, _reading) : new FoundImage(name, objects, slice.Channels, FoundImage.HasOneColour(slice),
                (channels, rule) => new FileSource(name, item, number, known, channels, rule, _reading, _decoded));
        }
    }
}
