using System.Numerics;
using PureHDF;
using PureHDF.Selections;
using PureHDF.VOL.Native;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads one dataset, or a box of it, into a volume, a chunk at a time.</summary>
internal sealed class Hdf5Decoder<T>(string path, string name, NativeDataset dataset, long fileLength, int? ignored = null) where T : unmanaged
{
    private const int SlabValues = 1 << 22;

    // Deflate makes at most 1032 bytes of one; a small dataset may also be one that was declared and never filled.
    private const int MaxRatio = 1032;
    private const long AlwaysAllowed = 1 << 24;

    /// <summary>The dataset's axes; those it lacks have extent 1.</summary>
    private readonly record struct Extents(ulong C, ulong Z, ulong Y, ulong X, bool HasC, bool HasZ)
    {
        public ulong[] Index(ulong c, ulong z, ulong y, ulong x) =>
            HasC ? HasZ ? [c, z, y, x] : [c, y, x] : HasZ ? [z, y, x] : [y, x];
    }

    /// <summary>How a value is stored.</summary>
    public SampleType Type => SampleTypeOf(dataset.Type);

    /// <summary>The box of all voxels, and the channels; what the header states is checked against the file's length.</summary>
    public (VoxelBox Whole, int Channels) Describe()
    {
        var (extents, _) = ReadExtents();
        if (extents.C > int.MaxValue || extents.Z > int.MaxValue || extents.Y > int.MaxValue || extents.X > int.MaxValue)
            throw new InputException($"{path}: dataset '{name}' has an extent beyond {int.MaxValue}.");
        VolumeBuilder<T>.CheckExtents(path, Math.Min(1, (long)extents.Z), Extent(extents.Y), Extent(extents.X), Extent(extents.C));
        return (new VoxelBox(0, 0, 0, (int)extents.Z, (int)extents.Y, (int)extents.X), (int)extents.C);
    }

    /// <summary>Reads all of it.</summary>
    public Volume<T> Decode()
    {
        var (extents, type) = ReadExtents();
        VolumeBuilder<T>.CheckExtents(path, Extent(extents.Z), Extent(extents.Y), Extent(extents.X), Extent(extents.C));
        return Decode(extents, type, new VoxelBox(0, 0, 0, (int)extents.Z, (int)extents.Y, (int)extents.X));
    }

    /// <summary>Reads a box.</summary>
    public Volume<T> Decode(VoxelBox box)
    {
        var (extents, type) = ReadExtents();
        return Decode(extents, type, box);
    }

    /// <summary>
    /// Reads a box of an image to where the caller wants it, [D, H, W, C]. The memory for it apart, this takes little: a chunk at a time.
    /// </summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives the values.</param>
    /// <param name="cancellation">Stops between reads.</param>
    public void Decode(VoxelBox box, Span<float> values, CancellationToken cancellation)
    {
        var (extents, type) = ReadExtents();
        switch (type)
        {
            case SampleType.UInt8: Fill<byte>(values, extents, box, cancellation); break;
            case SampleType.Int8: Fill<sbyte>(values, extents, box, cancellation); break;
            case SampleType.UInt16: Fill<ushort>(values, extents, box, cancellation); break;
            case SampleType.Int16: Fill<short>(values, extents, box, cancellation); break;
            case SampleType.UInt32: Fill<uint>(values, extents, box, cancellation); break;
            case SampleType.Int32: Fill<int>(values, extents, box, cancellation); break;
            case SampleType.UInt64: Fill<ulong>(values, extents, box, cancellation); break;
            case SampleType.Int64: Fill<long>(values, extents, box, cancellation); break;
            case SampleType.Float16: Fill<Half>(values, extents, box, cancellation); break;
            case SampleType.Float32: Fill<float>(values, extents, box, cancellation); break;
            default: Fill<double>(values, extents, box, cancellation); break;
        }
    }

    private (Extents Extents, SampleType Type) ReadExtents()
    {
        var type = SampleTypeOf(dataset.Type);
        var dims = dataset.Space.Dimensions;
        var extents = dims switch
        {
            [var y, var x] => new Extents(1, 1, y, x, HasC: false, HasZ: false),
            [var c, var y, var x] when Hdf5File.IsChannelsFirst2D(dataset) => new Extents(c, 1, y, x, HasC: true, HasZ: false),
            [var z, var y, var x] => new Extents(1, z, y, x, HasC: false, HasZ: true),
            [var c, var z, var y, var x] => new Extents(c, z, y, x, HasC: true, HasZ: true),
            _ => throw new InputException(
                $"{path}: dataset '{name}' has shape [{string.Join(", ", dims)}]; [Y,X], [Z,Y,X] or [C,Z,Y,X] are read."),
        };
        CheckSize(dims, type, "shape");
        if (dataset.Layout.Class == H5DataLayoutClass.Chunked)
            CheckSize(dataset.Layout.Chunks, type, "chunks");
        return (extents, type);
    }

    private Volume<T> Decode(Extents extents, SampleType type, VoxelBox box)
    {
        var builder = new VolumeBuilder<T>(
            path, box.Depth, box.Height, box.Width, (long)extents.C, Hdf5File.ReadVoxelSize(dataset), ignored);
        switch (type)
        {
            case SampleType.UInt8: Fill<byte>(builder, extents, box); break;
            case SampleType.Int8: Fill<sbyte>(builder, extents, box); break;
            case SampleType.UInt16: Fill<ushort>(builder, extents, box); break;
            case SampleType.Int16: Fill<short>(builder, extents, box); break;
            case SampleType.UInt32: Fill<uint>(builder, extents, box); break;
            case SampleType.Int32: Fill<int>(builder, extents, box); break;
            case SampleType.UInt64: Fill<ulong>(builder, extents, box); break;
            case SampleType.Int64: Fill<long>(builder, extents, box); break;
            case SampleType.Float16: Fill<Half>(builder, extents, box); break;
            case SampleType.Float32: Fill<float>(builder, extents, box); break;
            default: Fill<double>(builder, extents, box); break;
        }
        return builder.Volume;
    }

    private static long Extent(ulong extent) => (long)Math.Min(extent, long.MaxValue);

    private void Fill<TSample>(VolumeBuilder<T> builder, Extents extents, VoxelBox box)
        where TSample : unmanaged, INumberBase<TSample>, IComparisonOperators<TSample, TSample, bool>
    {
        var buffer = Array.Empty<TSample>();
        foreach (var (first, count, part) in Parts(extents, box))
        {
            Read(extents, first, count, part, ref buffer);
            var i = 0;
            for (var c = first; c < first + count; c++)
                for (var z = part.Z; z < part.Z + part.Depth; z++)
                    for (var y = part.Y; y < part.Y + part.Height; y++, i += part.Width)
                        builder.Store<TSample>(buffer.AsSpan(i, part.Width), Target(extents, box, c, z, y, part.X), group: 1, stride: (int)extents.C);
        }
    }

    private void Fill<TSample>(Span<float> values, Extents extents, VoxelBox box, CancellationToken cancellation) where TSample : unmanaged, INumberBase<TSample>
    {
        var (buffer, step) = (Array.Empty<TSample>(), (int)extents.C);
        foreach (var (first, count, part) in Parts(extents, box))
        {
            cancellation.ThrowIfCancellationRequested();
            Read(extents, first, count, part, ref buffer);
            var i = 0;
            for (var c = first; c < first + count; c++)
                for (var z = part.Z; z < part.Z + part.Depth; z++)
                    for (var y = part.Y; y < part.Y + part.Height; y++)
                    {
                        var target = values[checked((int)Target(extents, box, c, z, y, part.X))..];
                        for (var x = 0; x < part.Width; x++)
                        {
                            var value = float.CreateSaturating(buffer[i++]);
                            if (!float.IsFinite(value))
                                throw new InputException($"{path}: {value} at z {z}, y {y}, x {part.X + x}, channel {c}: values must be finite numbers.");
                            target[x * step] = value;
                        }
                    }
        }
    }

    private void Read<TSample>(Extents extents, int channel, int channels, VoxelBox part, ref TSample[] buffer) where TSample : unmanaged
    {
        var count = checked((int)(channels * part.VoxelCount));
        if (buffer.Length < count)
            buffer = new TSample[count];
        var block = extents.Index((ulong)channels, (ulong)part.Depth, (ulong)part.Height, (ulong)part.Width);
        var start = extents.Index((ulong)channel, (ulong)part.Z, (ulong)part.Y, (ulong)part.X);
        dataset.Read(buffer.AsSpan(0, count), new HyperslabSelection(block.Length, start, block));
    }

    private static long Target(Extents extents, VoxelBox box, int c, int z, int y, int x) =>
        (((long)(z - box.Z) * box.Height + y - box.Y) * box.Width + x - box.X) * (long)extents.C + c;

    /// <summary>
    /// A box, chunk by chunk: channels and voxels that are read at once. The library goes through a box row by row, and would decompress every chunk again for each
    /// of its rows.
    /// </summary>
    private IEnumerable<(int Channel, int Channels, VoxelBox Part)> Parts(Extents extents, VoxelBox box)
    {
        var (group, depth, height, width) = (1, 1, (int)Math.Clamp(SlabValues / box.Width, 1, box.Height), int.MaxValue);
        if (dataset.Layout.Class == H5DataLayoutClass.Chunked)
        {
            var chunks = Array.ConvertAll(dataset.Layout.Chunks, chunk => (int)Math.Clamp(chunk, 1, int.MaxValue));
            (group, depth, height, width) = (extents.HasC ? chunks[0] : 1, extents.HasZ ? chunks[^3] : 1, chunks[^2], chunks[^1]);
        }

        for (var c = 0; c < (int)extents.C; c += group)
            for (int z = box.Z, nextZ; z < box.Z + box.Depth; z = nextZ)
            {
                nextZ = Next(z, depth, box.Z + box.Depth);
                for (int y = box.Y, nextY; y < box.Y + box.Height; y = nextY)
                {
                    nextY = Next(y, height, box.Y + box.Height);
                    for (int x = box.X, nextX; x < box.X + box.Width; x = nextX)
                    {
                        nextX = Next(x, width, box.X + box.Width);
                        yield return (c, (int)Math.Min((uint)group, extents.C - (uint)c), new VoxelBox(z, y, x, nextZ - z, nextY - y, nextX - x));
                    }
                }
            }

        static int Next(int at, int step, int end) => (int)Math.Min((long)at / step * step + step, end);
    }

    private void CheckSize(ulong[] dims, SampleType type, string what)
    {
        var bytes = (UInt128)type.Size();
        foreach (var extent in dims)
            // Held below 2^64 so that the next factor cannot overflow.
            bytes = UInt128.Min(bytes * extent, ulong.MaxValue);
        if (bytes > (ulong)AlwaysAllowed && bytes / MaxRatio > (ulong)fileLength)
            throw new InputException(
                $"{path}: dataset '{name}' declares {what} [{string.Join(", ", dims)}] but the file has only {fileLength} bytes.");
    }

    private SampleType SampleTypeOf(IH5DataType type) =>
        type.Class switch
        {
            H5DataTypeClass.FixedPoint when type.FixedPoint.IsSigned => SampleTypes.Signed(type.Size),
            H5DataTypeClass.FixedPoint => SampleTypes.Unsigned(type.Size),
            H5DataTypeClass.FloatingPoint => SampleTypes.Float(type.Size),
            // h5py stores booleans as an enumeration of one byte.
            H5DataTypeClass.Enumerated when type.Size == 1 => SampleType.UInt8,
            _ => null,
        } ?? throw new InputException($"{path}: dataset '{name}' holds {type.Class} of {type.Size} bytes; integers and floats are read.");
}
