using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads the image in a TIFF, or boxes of it.</summary>
/// <param name="plan">Which page is which part of the image.</param>
/// <param name="blocks">Gives the rows.</param>
/// <param name="ignored">The one negative label that is allowed.</param>
internal sealed class TiffDecoder<T>(TiffPlan plan, TiffBlocks blocks, int? ignored = null) where T : unmanaged
{
    private byte[] _unpacked = [];
    private byte[] _kept = [];
    private byte[] _colours = [];

    /// <summary>Reads all of it.</summary>
    public Volume<T> Decode()
    {
        if (typeof(T) == typeof(int) && plan.Layout.Compression == TiffCompression.Jpeg)
            throw new InputException(
                $"{plan.Path}: holds JPEG, which does not keep numbers as they are: no labels. Save labels without loss, such as with LZW.");
        var whole = plan.Whole;
        var volume = new VolumeBuilder<T>(plan.Path, whole.Depth, whole.Height, whole.Width, plan.Channels, plan.VoxelSize).Volume;
        Read(whole, volume.Data, CancellationToken.None);
        return volume;
    }

    /// <summary>Reads a box.</summary>
    /// <param name="box">Lies within the image as it is shown.</param>
    /// <param name="values">Receives [D, H, W, C].</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <exception cref="InputException">The file is damaged, or a value is none of the kind.</exception>
    public void Read(VoxelBox box, Span<T> values, CancellationToken cancellation)
    {
        var store = new SampleStore<T>(plan.Path, box, plan.Channels, flat: plan.Whole.Depth == 1, ignored);
        var target = new Target(values, box, store, plan.Orientation.Stored(box, plan.Whole));
        var (stored, depth) = (target.Stored, plan.Layout.Depth);
        for (var slice = stored.Z / depth; slice <= (stored.Z + stored.Depth - 1) / depth; slice++)
            for (var channel = 0; channel < plan.PagesPerSlice; channel++)
            {
                var page = plan.Page(slice, channel);
                var part = stored.Intersect(stored with { Z = slice * depth, Depth = depth });
                for (var plane = 0; plane < (page.Layout.Planar ? page.Layout.Channels : 1); plane++)
                    ReadPlane(target, page, part with { Z = part.Z - slice * depth }, slice * depth, channel, plane, cancellation);
            }
    }

    /// <summary>Reads what the blocks of one plane hold of a box, which counts from the page's first slice.</summary>
    private void ReadPlane(Target target, TiffPage page, VoxelBox part, int firstSlice, int channel, int plane, CancellationToken cancellation)
    {
        var layout = page.Layout;
        for (var bz = part.Z / layout.BlockDepth; bz <= (part.Z + part.Depth - 1) / layout.BlockDepth; bz++)
            for (var by = part.Y / layout.BlockHeight; by <= (part.Y + part.Height - 1) / layout.BlockHeight; by++)
                for (var bx = part.X / layout.BlockWidth; bx <= (part.X + part.Width - 1) / layout.BlockWidth; bx++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var block = layout.BlockBox(bz, by, bx);
                    var number = layout.BlockNumber(plane, bz, by, bx);
                    var common = part.Intersect(block);
                    for (var z = common.Z; z < common.Z + common.Depth; z++)
                        for (var y = common.Y; y < common.Y + common.Height; y++)
                        {
                            var samples = Samples(page, number, (z - block.Z) * (long)block.Height + y - block.Y, common.X - block.X, common.Width);
                            Store(target, samples, layout, firstSlice + z, y, common.X, channel, plane);
                        }
                }
    }

    /// <summary>The samples of some pixels of a row in whole bytes, without alpha.</summary>
    private ReadOnlySpan<byte> Samples(TiffPage page, long number, long row, int column, int columns)
    {
        var (layout, samples, sampleBytes) = (page.Layout, page.Layout.BlockSamples, page.Layout.Type.Size());
        var kept = layout.Planar ? 1 : layout.Channels;
        // Eight pixels fill whole bytes.
        var before = layout.BitDepth % 8 == 0 ? 0 : column % 8;
        var data = Unpacked(layout, blocks.Row(page, number, row, column - before, before + columns), (before + columns) * samples)
            .Slice(before * samples * sampleBytes, columns * samples * sampleBytes);
        if (kept == samples)
            return data;
        // The row may be one of a block that is kept.
        data.CopyTo(Grown(ref _kept, data.Length));
        return PackedSamples.KeepChannels(_kept.AsSpan(0, data.Length), samples, kept, sampleBytes);
    }

    private ReadOnlySpan<byte> Unpacked(TiffLayout layout, ReadOnlySpan<byte> row, int samples)
    {
        if (layout.BitDepth % 8 == 0)
            return row;
        var unpacked = Grown(ref _unpacked, samples * layout.Type.Size());
        switch (layout.Type)
        {
            case SampleType.UInt8: PackedSamples.Unpack<byte>(row, layout.BitDepth, unpacked); break;
            case SampleType.UInt16: PackedSamples.Unpack(row, layout.BitDepth, MemoryMarshal.Cast<byte, ushort>(unpacked)); break;
            default: PackedSamples.Unpack(row, layout.BitDepth, MemoryMarshal.Cast<byte, uint>(unpacked)); break;
        }
        return unpacked;
    }

    private void Store(Target target, ReadOnlySpan<byte> samples, TiffLayout layout, int z, int y, int x, int channel, int plane)
    {
        var stored = target.Stored;
        var (first, step) = plan.Orientation.Place(target.Box, z - stored.Z, y - stored.Y, x - stored.X);
        var at = first * plan.Channels + channel * plan.PlaneChannels + plane;
        if (plan.Palette is not { } palette)
        {
            target.Values.Store(samples, layout.Type, target.Data, at, layout.Planar ? 1 : layout.Channels, step * plan.Channels);
            return;
        }
        var colours = Grown(ref _colours, 3 * samples.Length);
        for (var i = 0; i < samples.Length; i++)
            palette.AsSpan(3 * samples[i], 3).CopyTo(colours[(3 * i)..]);
        target.Values.Store(colours, SampleType.UInt8, target.Data, at, 3, step * plan.Channels);
    }

    private static Span<byte> Grown(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new byte[length];
        return buffer.AsSpan(0, length);
    }

    /// <summary>What is read.</summary>
    /// <param name="data">Receives the values.</param>
    /// <param name="box">The box, as it is shown.</param>
    /// <param name="values">Stores them.</param>
    /// <param name="stored">The box, as it is stored.</param>
    private readonly ref struct Target(Span<T> data, VoxelBox box, SampleStore<T> values, VoxelBox stored)
    {
        public Span<T> Data { get; } = data;

        public VoxelBox Box { get; } = box;

        public SampleStore<T> Values { get; } = values;

        public VoxelBox Stored { get; } = stored;
    }
}
