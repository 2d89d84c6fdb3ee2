using System.Numerics;
using Spoco.Cli.Files.Hdf5;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads one dataset, or a box of it, into a volume, a few chunks at a time.</summary>
internal sealed class Hdf5Decoder<T>(string path, string name, Hdf5Dataset dataset, int? ignored = null) where T : unmanaged
{
    private const int SlabValues = 1 << 22;

    // Deflate makes at most 1032 bytes of one; a small dataset may also be one that was declared and never filled.
    private const int MaxRatio = 1032;
    private const long AlwaysAllowed = 1 << 24;

    /// <summary>The dataset's axes; those it lacks have extent 1.</summary>
    private readonly record struct Extents(Hdf5Axes Axes, int Rank, ulong C, ulong Z, ulong Y, ulong X)
    {
        public ulong[] Index(ulong c, ulong z, ulong y, ulong x, ulong others)
        {
            var index = new ulong[Rank];
            Array.Fill(index, others);
            foreach (var (axis, value) in new[] { (Axes.C, c), (Axes.Z, z), (Axes.Y, y), (Axes.X, x) })
                if (axis >= 0)
                    index[axis] = value;
            return index;
        }
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
        Hdf5Axes.RequireWide(path, name, dataset);
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
        var axes = Hdf5Axes.Of(path, name, dataset);
        var extents = new Extents(axes, dataset.Extents.Length, Along(axes.C), Along(axes.Z), Along(axes.Y), Along(axes.X));
        CheckSize(dataset.Extents, dataset.Sample, "shape");
        if (dataset.Chunks is { } chunks)
            CheckSize(chunks, dataset.Sample, "chunks");
        return (extents, dataset.Sample);

        ulong Along(int axis) => axis < 0 ? 1 : dataset.Extents[axis];
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
        foreach (var (row, c, z, y, part) in Rows<TSample>(extents, box))
            builder.Store<TSample>(row.Span, Target(extents, box, c, z, y, part.X), group: 1, stride: (int)extents.C);
    }

    private void Fill<TSample>(Span<float> values, Extents extents, VoxelBox box, CancellationToken cancellation)
        where TSample : unmanaged, INumberBase<TSample>
    {
        var step = (int)extents.C;
        foreach (var (row, c, z, y, part) in Rows<TSample>(extents, box))
        {
            cancellation.ThrowIfCancellationRequested();
            var source = row.Span;
            var target = values[checked((int)Target(extents, box, c, z, y, part.X))..];
            for (var x = 0; x < source.Length; x++)
            {
                var value = float.CreateSaturating(source[x]);
                if (!float.IsFinite(value))
                    throw new InputException($"{path}: {value} at z {z}, y {y}, x {part.X + x}, channel {c}: values must be finite numbers.");
                target[x * step] = value;
            }
        }
    }

    /// <summary>The rows of a box along x, as they come out of the chunks.</summary>
    private IEnumerable<(ReadOnlyMemory<TSample> Row, int C, int Z, int Y, VoxelBox Part)> Rows<TSample>(Extents extents, VoxelBox box)
        where TSample : unmanaged
    {
        var (buffer, gathered) = (Array.Empty<TSample>(), Array.Empty<TSample>());
        foreach (var (first, count, part) in Parts(extents, box))
        {
            var values = checked((int)(count * part.VoxelCount));
            if (buffer.Length < values)
                buffer = new TSample[values];
            var block = extents.Index((ulong)count, (ulong)part.Depth, (ulong)part.Height, (ulong)part.Width, others: 1);
            var start = extents.Index((ulong)first, (ulong)part.Z, (ulong)part.Y, (ulong)part.X, others: 0);
            dataset.Read(start, block, buffer.AsSpan(0, values));

            var axes = extents.Axes;
            var (stepC, stepZ, stepY, stepX) = (Step(axes.C), Step(axes.Z), Step(axes.Y), Step(axes.X));
            if (stepX != 1 && gathered.Length < part.Width)
                gathered = new TSample[part.Width];
            for (var c = 0; c < count; c++)
                for (var z = 0; z < part.Depth; z++)
                    for (var y = 0; y < part.Height; y++)
                    {
                        var at = c * stepC + z * stepZ + y * stepY;
                        for (var x = 0; stepX != 1 && x < part.Width; x++)
                            gathered[x] = buffer[at + x * stepX];
                        var row = stepX == 1 ? buffer.AsMemory(at, part.Width) : gathered.AsMemory(0, part.Width);
                        yield return (row, first + c, part.Z + z, part.Y + y, part);
                    }

            // Values from one index to the next along an axis, within the block.
            int Step(int axis)
            {
                var step = 1;
                for (var i = block.Length - 1; i > axis && axis >= 0; i--)
                    step *= (int)block[i];
                return step;
            }
        }
    }

    private static long Target(Extents extents, VoxelBox box, int c, int z, int y, int x) =>
        (((long)(z - box.Z) * box.Height + y - box.Y) * box.Width + x - box.X) * (long)extents.C + c;

    /// <summary>
    /// A box in parts that are read at once: whole chunks, so that each is decompressed once, and where chunks are small several of them.
    /// </summary>
    private IEnumerable<(int Channel, int Channels, VoxelBox Part)> Parts(Extents extents, VoxelBox box)
    {
        var (group, depth, height, width) = (1, 1, (int)Math.Clamp(SlabValues / box.Width, 1, box.Height), int.MaxValue);
        if (dataset.Chunks is { } chunks)
        {
            var axes = extents.Axes;
            (group, depth, height, width) = (Chunk(axes.C), Chunk(axes.Z), Chunk(axes.Y), Chunk(axes.X));
            width = Grow(width, box.Width, (long)group * depth * height);
            height = Grow(height, box.Height, (long)group * depth * Math.Min(width, box.Width));
            depth = Grow(depth, box.Depth, (long)group * Math.Min(height, box.Height) * Math.Min(width, box.Width));

            int Chunk(int axis) => axis < 0 ? 1 : (int)Math.Clamp(chunks[axis], 1, int.MaxValue);
        }

        for (var c = 0; c < (int)extents.C; c += Math.Min(group, (int)extents.C))
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

        static int Grow(int step, int extent, long others) =>
            step >= extent ? step : (int)Math.Min(int.MaxValue, step * Math.Max(1, SlabValues / Math.Max(1, Math.Min(others, SlabValues) * step)));
    }

    private void CheckSize(ulong[] dims, SampleType type, string what)
    {
        var bytes = (UInt128)type.Size();
        foreach (var extent in dims)
            // Held below 2^64 so that the next factor cannot overflow.
            bytes = UInt128.Min(bytes * extent, ulong.MaxValue);
        if (bytes > (ulong)AlwaysAllowed && bytes / MaxRatio > (ulong)dataset.FileLength)
            throw new InputException(
                $"{path}: dataset '{name}' declares {what} [{string.Join(", ", dims)}] but the file has only {dataset.FileLength} bytes.");
    }
}
