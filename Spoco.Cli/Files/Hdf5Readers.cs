using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>Boxes of embeddings or affinities in an HDF5 file.</summary>
internal sealed class Hdf5FloatReader : IVolumeReader<float>, IDisposable
{
    private readonly Hdf5Volume _file;
    private readonly bool _slicesAreChannels;
    private readonly CancellationToken _cancellation;

    /// <param name="path">The file.</param>
    /// <param name="dataset">The dataset's name.</param>
    /// <param name="channelsFirst">A dataset of rank 3 of which nothing says otherwise is an image with a channel per slice.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <exception cref="InputException">The file is damaged or has no such dataset.</exception>
    public Hdf5FloatReader(string path, string dataset, bool channelsFirst, CancellationToken cancellation)
    {
        _file = Hdf5Volume.Open(path, dataset, anyChannels: true);
        _slicesAreChannels = channelsFirst && _file.Channels == 1 && _file.Whole.Depth > 1;
        _cancellation = cancellation;
    }

    public int Depth => _slicesAreChannels ? 1 : _file.Whole.Depth;

    public int Height => _file.Whole.Height;

    public int Width => _file.Whole.Width;

    public int Channels => _slicesAreChannels ? _file.Whole.Depth : _file.Channels;

    public VoxelSize? VoxelSize => _file.VoxelSize;

    /// <summary>The extents as the file states them, whatever they are taken for.</summary>
    public IReadOnlyList<ulong> Shape => _file.Shape;

    /// <summary>How a value is stored.</summary>
    public SampleType Type => _file.Type;

    public void Read(VoxelBox box, Span<float> values)
    {
        if (!_slicesAreChannels)
        {
            _file.Read(box, values, _cancellation);
            return;
        }

        var plane = new float[box.VoxelCount];
        for (var c = 0; c < Channels; c++)
        {
            _file.Read(box with { Z = c }, plane, _cancellation);
            for (var i = 0; i < plane.Length; i++)
                values[i * Channels + c] = plane[i];
        }
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>Boxes of a mask in an HDF5 file: above 0 is foreground.</summary>
internal sealed class Hdf5MaskReader(string path, string dataset) : IVolumeReader<byte>, IDisposable
{
    private const long SlabVoxels = 1 << 22;

    private readonly Hdf5Volume _file = Hdf5Volume.Open(path, dataset);

    public int Depth => _file.Whole.Depth;

    public int Height => _file.Whole.Height;

    public int Width => _file.Whole.Width;

    public int Channels => _file.Channels;

    public void Read(VoxelBox box, Span<byte> values)
    {
        foreach (var slab in (box with { Z = 0, Y = 0, X = 0 }).Slabs(SlabVoxels))
        {
            var labels = _file.Read<int>(box.At(slab)).Data;
            var target = values.Slice(slab.Z * box.Height * box.Width, labels.Length);
            for (var i = 0; i < labels.Length; i++)
                target[i] = labels[i] > 0 ? (byte)1 : (byte)0;
        }
    }

    public void Dispose() => _file.Dispose();
}
