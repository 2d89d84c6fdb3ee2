using System.Numerics;
using PureHDF;
using PureHDF.Selections;
using PureHDF.VOL.Native;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads one dataset, or a box of it, into a volume, some slices at a time.</summary>
internal sealed class Hdf5Decoder<T>(string path, string name, NativeDataset dataset, long fileLength, int? ignored = null) where T : unmanaged
{
    private const int SlabValues = 1 << 24;

    // Deflate makes at most 1032 bytes of one; a small dataset may also be one that was declared and never filled.
    private const int MaxRatio = 1032;
    private const long AlwaysAllowed = 1 << 24;

    /// <summary>The dataset's axes; those it lacks have extent 1.</summary>
    private readonly record struct Extents(ulong C, ulong Z, ulong Y, ulong X, bool HasC, bool HasZ)
    {
        public ulong[] Index(ulong c, ulong z, ulong y, ulong x) =>
            HasC ? HasZ ? [c, z, y, x] : [c, y, x] : HasZ ? [z, y, x] : [y, x];
    }

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
    /// Reads a box of an image to where the caller wants it, [D, H, W, C]. The memory for it apart, this takes little: some channels and slices at a time, as the
    /// chunks lie, so that none is decompressed twice.
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
        var plane = (ulong)box.Height * (ulong)box.Width;
        var slice = extents.C * plane;
        var depth = Math.Min((ulong)box.Depth, WholeChunks(Math.Max(1, SlabValues / slice), extents));
        if (slice * depth > (ulong)Array.MaxLength)
            depth = Math.Max(1, (ulong)Array.MaxLength / slice);
        var slab = new TSample[slice * depth];
        for (ulong z = 0; z < (ulong)box.Depth; z += depth)
        {
            var rows = Math.Min(depth, (ulong)box.Depth - z);
            var values = slab.AsSpan(0, (int)(slice * rows));
            var block = extents.Index(extents.C, rows, (ulong)box.Height, (ulong)box.Width);
            var start = extents.Index(0, (ulong)box.Z + z, (ulong)box.Y, (ulong)box.X);
            dataset.Read(values, new HyperslabSelection(block.Length, start, block));
            var count = (int)(rows * plane);
            for (var c = 0; c < (int)extents.C; c++)
                builder.Store<TSample>(values.Slice(c * count, count), (long)(z * slice) + c, group: 1, stride: (int)extents.C);
        }
    }

    private void Fill<TSample>(Span<float> values, Extents extents, VoxelBox box, CancellationToken cancellation) where TSample : unmanaged, INumberBase<TSample>
    {
        var (channels, plane) = ((int)extents.C, (long)box.Height * box.Width);
        var group = extents.HasC && dataset.Layout.Class == H5DataLayoutClass.Chunked ? (int)Math.Min(extents.C, dataset.Layout.Chunks[0]) : 1;
        var chunk = (int)Math.Min(WholeChunks(1, extents), int.MaxValue);
        var depth = (int)Math.Clamp(SlabValues / 4 / Math.Max(1, group * plane) / chunk * chunk, chunk, Math.Max(chunk, box.Depth));
        var slab = new TSample[checked((int)(group * plane * Math.Min(depth, box.Depth)))];
        for (var c = 0; c < channels; c += group)
            // Ends at the borders of chunks, wherever the box begins.
            for (int z = box.Z, next; z < box.Z + box.Depth; z = next)
            {
                cancellation.ThrowIfCancellationRequested();
                next = (int)Math.Min(((long)z / chunk * chunk) + depth, (long)box.Z + box.Depth);
                var (taken, rows) = (Math.Min(group, channels - c), next - z);
                var block = extents.Index((ulong)taken, (ulong)rows, (ulong)box.Height, (ulong)box.Width);
                var part = slab.AsSpan(0, checked((int)(taken * rows * plane)));
                dataset.Read(part, new HyperslabSelection(block.Length, extents.Index((ulong)c, (ulong)z, (ulong)box.Y, (ulong)box.X), block));
                var count = (int)(rows * plane);
                for (var k = 0; k < taken; k++)
                {
                    var source = part.Slice(k * count, count);
                    var target = values[checked((int)((z - box.Z) * plane * channels) + c + k)..];
                    for (var i = 0; i < source.Length; i++)
                    {
                        var value = float.CreateSaturating(source[i]);
                        if (!float.IsFinite(value))
                            throw new InputException($"{path}: {value} at z {z + i / plane}, y {box.Y + i / box.Width % box.Height}, x {box.X + i % box.Width}, "
                                + $"channel {c + k}: values must be finite numbers.");
                        target[i * channels] = value;
                    }
                }
            }
    }

    /// <summary>The next multiple of the chunks' depth, so that no chunk is decompressed twice.</summary>
    private ulong WholeChunks(ulong depth, Extents extents)
    {
        if (!extents.HasZ || dataset.Layout.Class != H5DataLayoutClass.Chunked)
            return depth;
        var chunk = Math.Max(1, dataset.Layout.Chunks[extents.HasC ? 1 : 0]);
        return (depth + chunk - 1) / chunk * chunk;
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
