using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>
/// Affinities of an HDF5 file, [C,(Z,)Y,X], as numbers from 0 (same object) to 1 (different objects). Floats are these numbers; unsigned integers of
/// 8 and 16 bits are divided by the largest their type has, unless they are 0 and 1 only; of other integers only 0 and 1 are taken, because nothing
/// tells their scale.
/// </summary>
internal sealed class AffinityFile : IVolumeReader<float>, IDisposable
{
    public const string Dataset = "affinities";

    // What averages of float32 numbers may leave the range by.
    private const float Rounding = 1e-6f;

    // As chunks usually are: small enough to hold many channels, large enough that few chunks are read twice.
    private const int BoxDepth = 32;
    private const int BoxSide = 64;

    private readonly string _path;
    private readonly Hdf5FloatReader _file;
    private readonly CancellationToken _cancellation;
    private readonly float _one = 1;

    private AffinityFile(string path, Hdf5FloatReader file, IReadOnlyList<VoxelOffset>? offsets, CancellationToken cancellation)
    {
        (_path, _file, _cancellation) = (path, file, cancellation);
        CheckChannels(offsets);
        if (!file.Type.IsFloat())
            (_one, Note) = FindScale();
    }

    public int Depth => _file.Depth;

    public int Height => _file.Height;

    public int Width => _file.Width;

    public int Channels => _file.Channels;

    public VoxelSize? VoxelSize => _file.VoxelSize;

    /// <summary>How the values were taken, where that could surprise.</summary>
    public string? Note { get; }

    /// <summary>Opens a file; of integers it may read all to find what they mean.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offsets">What the channels are; null = SPOCO's.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <exception cref="InputException">The file is damaged, its channels do not fit the offsets, or its integers are on no known scale.</exception>
    public static AffinityFile Open(string path, IReadOnlyList<VoxelOffset>? offsets, CancellationToken cancellation)
    {
        // A single offset makes a single channel: slices are slices then.
        var file = new Hdf5FloatReader(path, Dataset, channelsFirst: offsets is not [_], cancellation);
        try
        {
            return new AffinityFile(path, file, offsets, cancellation);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads all of it.</summary>
    /// <exception cref="InputException">It is more than one array holds, or a value is outside 0 to 1.</exception>
    public Volume<float> ReadAll()
    {
        VolumeBuilder<float>.CheckExtents(_path, Depth, Height, Width, Channels);
        var values = new Volume<float>(Depth, Height, Width, Channels) { VoxelSize = VoxelSize };
        Read(VoxelBox.Of(values), values.Data);
        return values;
    }

    /// <inheritdoc/>
    /// <exception cref="InputException">A value is outside 0 to 1.</exception>
    public void Read(VoxelBox box, Span<float> values)
    {
        _file.Read(box, values);
        foreach (ref var value in values)
        {
            value /= _one;
            if (value < -Rounding || value > 1 + Rounding)
                throw OutOfRange();
        }
    }

    public void Dispose() => _file.Dispose();

    private void CheckChannels(IReadOnlyList<VoxelOffset>? offsets)
    {
        int[] expected = offsets is not null ? [offsets.Count]
            : [MutexWatershedOptions.SpocoOffsets(Depth > 1).Count, MutexWatershedOptions.SpocoOffsets(Depth == 1).Count];
        if (Channels == expected[0])
            return;
        throw _file.Shape.Count > 2 && expected.Any(count => _file.Shape[^1] == (ulong)count)
            ? new InputException($"{_path}: dataset '{Dataset}' has shape [{string.Join(", ", _file.Shape)}]: "
                + $"its {_file.Shape[^1]} channels come last, but [C,(Z,)Y,X] is read; numpy.moveaxis(a, -1, 0) puts them first.")
            : new InputException($"{_path}: {Channels} channels of affinities for {expected[0]} offsets; --offsets says which edges they belong to.");
    }

    private (float One, string? Note) FindScale()
    {
        // What a smaller type would hold is no use of this one: its scale is in doubt.
        var (one, doubtful) = _file.Type switch
        {
            SampleType.UInt8 => (byte.MaxValue, 1f),
            SampleType.UInt16 => (ushort.MaxValue, byte.MaxValue),
            _ => (1f, float.PositiveInfinity),
        };
        var (least, most) = Range(doubtful);
        if (least >= 0 && most <= 1)
            return (1, most > 0 ? $"{_path}: affinities are integers, 0 and 1 only: taken as they are" : null);
        return least >= 0 && most > doubtful
            ? (one, null)
            : throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{_path}: affinities are integers ({_file.Type}) from {least} to {most}, whose scale is unknown; ")
                + "floats from 0 to 1, 0 to 255 in unsigned 8 bits, 0 to 65535 in unsigned 16 bits, or 0 and 1 alone are read.");
    }

    private InputException OutOfRange()
    {
        var (least, most) = Range(float.PositiveInfinity);
        return new InputException(string.Create(CultureInfo.InvariantCulture,
            $"{_path}: affinities from {least} to {most}; they must be from 0 (same object) to 1 (different objects)."));
    }

    /// <summary>The smallest and the largest value; the search ends at one above <paramref name="enough"/>.</summary>
    private (float Least, float Most) Range(float enough)
    {
        var (least, most) = (float.PositiveInfinity, float.NegativeInfinity);
        var buffer = Array.Empty<float>();
        for (var z = 0; z < Depth; z += BoxDepth)
            for (var y = 0; y < Height; y += BoxSide)
                for (var x = 0; x < Width && most <= enough; x += BoxSide)
                {
                    _cancellation.ThrowIfCancellationRequested();
                    var box = new VoxelBox(z, y, x, Math.Min(BoxDepth, Depth - z), Math.Min(BoxSide, Height - y), Math.Min(BoxSide, Width - x));
                    var count = checked((int)(box.VoxelCount * Channels));
                    if (buffer.Length < count)
                        buffer = new float[count];
                    _file.Read(box, buffer.AsSpan(0, count));
                    foreach (var value in buffer.AsSpan(0, count))
                        (least, most) = (Math.Min(least, value), Math.Max(most, value));
                }
        return (least, most);
    }
}
