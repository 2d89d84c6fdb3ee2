using System.Numerics;
using PureHDF;
using PureHDF.Selections;
using PureHDF.VOL.Native;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads one dataset into a volume, some slices at a time.</summary>
internal sealed class Hdf5Decoder<T>(string path, string name, NativeDataset dataset, long fileLength) where T : unmanaged
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

    public Volume<T> Decode()
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
        VolumeBuilder<T>.CheckExtents(path, Extent(extents.Z), Extent(extents.Y), Extent(extents.X), Extent(extents.C));
        var builder = new VolumeBuilder<T>(
            path, (long)extents.Z, (long)extents.Y, (long)extents.X, (long)extents.C, Hdf5File.ReadVoxelSize(dataset));
        switch (type)
        {
            case SampleType.UInt8: Fill<byte>(builder, extents); break;
            case SampleType.Int8: Fill<sbyte>(builder, extents); break;
            case SampleType.UInt16: Fill<ushort>(builder, extents); break;
            case SampleType.Int16: Fill<short>(builder, extents); break;
            case SampleType.UInt32: Fill<uint>(builder, extents); break;
            case SampleType.Int32: Fill<int>(builder, extents); break;
            case SampleType.UInt64: Fill<ulong>(builder, extents); break;
            case SampleType.Int64: Fill<long>(builder, extents); break;
            case SampleType.Float16: Fill<Half>(builder, extents); break;
            case SampleType.Float32: Fill<float>(builder, extents); break;
            default: Fill<double>(builder, extents); break;
        }
        return builder.Volume;
    }

    private static long Extent(ulong extent) => (long)Math.Min(extent, long.MaxValue);

    private void Fill<TSample>(VolumeBuilder<T> builder, Extents extents)
        where TSample : unmanaged, INumberBase<TSample>, IComparisonOperators<TSample, TSample, bool>
    {
        var slice = extents.C * extents.Y * extents.X;
        var depth = Math.Min(extents.Z, WholeChunks(Math.Max(1, SlabValues / slice), extents));
        if (slice * depth > (ulong)Array.MaxLength)
            depth = Math.Max(1, (ulong)Array.MaxLength / slice);
        var slab = new TSample[slice * depth];
        for (ulong z = 0; z < extents.Z; z += depth)
        {
            var rows = Math.Min(depth, extents.Z - z);
            var values = slab.AsSpan(0, (int)(slice * rows));
            var block = extents.Index(extents.C, rows, extents.Y, extents.X);
            dataset.Read(values, new HyperslabSelection(block.Length, extents.Index(0, z, 0, 0), block));
            var plane = (int)(rows * extents.Y * extents.X);
            for (var c = 0; c < (int)extents.C; c++)
                builder.Store<TSample>(
                    values.Slice(c * plane, plane), (long)(z * extents.Y * extents.X * extents.C) + c, group: 1, stride: (int)extents.C);
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
