using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// TIFF and BigTIFF; <see cref="ImageAxes"/> says which page is what. Samples are returned as they are stored: alpha is dropped, and
/// "white is zero" only says how to display.
/// </summary>
internal static class TiffFile
{
    // A strip of about this size keeps memory low and compresses well.
    private const int StripBytes = 1 << 18;

    // The classic format's offsets end at 4 GiB; some room is left for the directories.
    private const long ClassicLimit = 4_000_000_000;

    /// <summary>Reads an image (<see cref="float"/>) or labels (<see cref="int"/>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="ignored">The one negative label that is allowed.</param>
    public static Volume<T> Read<T>(string path, int? ignored = null) where T : unmanaged
    {
        using var stream = FileContents.Open(path);
        try
        {
            var reader = new TiffReader(path, stream);
            var plan = new TiffPlan(reader, labels: typeof(T) == typeof(int));
            plan.NoteOthers();
            // Every block is read once, so that none is kept.
            return new TiffDecoder<T>(plan, new TiffBlocks(reader, capacity: 0), ignored).Decode();
        }
        catch (Exception e) when (Failure(path, e) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>How large an image is; none of its pixels is decoded.</summary>
    /// <exception cref="InputException">The file is not a readable TIFF.</exception>
    public static ImageHeader Describe(string path)
    {
        using var stream = FileContents.Open(path);
        try
        {
            var plan = new TiffPlan(new TiffReader(path, stream), labels: false);
            return new ImageHeader(plan.Whole.Depth, plan.Whole.Height, plan.Whole.Width, plan.Channels, sizeof(float));
        }
        catch (Exception e) when (Failure(path, e) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>What an exception says of a file that is being read; null where it passes as it is.</summary>
    public static InputException? Failure(string path, Exception e) => e switch
    {
        InputException or OperationCanceledException => null,
        OutOfMemoryException => new InputException($"{path}: does not fit into memory.", e),
        IOException => new InputException($"{path}: cannot be read ({InputFile.FirstLine(e.Message)}).", e),
        _ => new InputException($"{path}: damaged TIFF.", e),
    };

    /// <summary>What the first page says wrote the file; null where it does not say.</summary>
    /// <exception cref="InputException">The file is not a readable TIFF.</exception>
    public static string? Software(string path)
    {
        using var stream = FileContents.Open(path);
        try
        {
            return TiffStructure.Pages(new TiffReader(path, stream))[0].Text(TiffTag.SOFTWARE);
        }
        catch (Exception e) when (e is not (InputException or OutOfMemoryException))
        {
            throw new InputException($"{path}: not a readable TIFF.", e);
        }
    }

    /// <summary>Writes labels, one page a slice, deflated; 16 bits a voxel, 32 where a label needs them.</summary>
    public static void WriteLabels(string path, Volume<int> labels) =>
        WriteLabels(path, VoxelBox.Of(labels), labels.VoxelSize, OutputFile.LargestLabel(path, labels), box =>
            labels.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width).Data);

    /// <summary>Writes labels that do not fit memory, some rows at a time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="whole">The box of all voxels.</param>
    /// <param name="voxelSize">Size of a voxel where it is known.</param>
    /// <param name="largest">The largest label.</param>
    /// <param name="read">Gives the labels of a box.</param>
    public static void WriteLabels(string path, VoxelBox whole, VoxelSize? voxelSize, int largest, Func<VoxelBox, int[]> read)
    {
        var wide = largest > ushort.MaxValue;
        AtomicFile.Write(path, stream =>
        {
            var big = (wide ? 4L : 2L) * whole.VoxelCount > ClassicLimit;
            using var tiff = TiffLog.Listen(() => Tiff.ClientOpen("TIFF", big ? "w8l" : "wl", stream, new TiffStream()))
                ?? throw new IOException($"{path}: cannot be written as TIFF.");
            for (var z = 0; z < whole.Depth; z++)
                WritePage(path, tiff, whole, z, voxelSize, wide, read);
        });
    }

    private static void WritePage(string path, Tiff tiff, VoxelBox whole, int z, VoxelSize? voxelSize, bool wide, Func<VoxelBox, int[]> read)
    {
        var sampleBytes = wide ? 4 : 2;
        var rowsPerStrip = Math.Clamp(StripBytes / (whole.Width * sampleBytes), 1, whole.Height);
        tiff.SetField(TiffTag.IMAGEWIDTH, whole.Width);
        tiff.SetField(TiffTag.IMAGELENGTH, whole.Height);
        tiff.SetField(TiffTag.BITSPERSAMPLE, 8 * sampleBytes);
        tiff.SetField(TiffTag.SAMPLESPERPIXEL, 1);
        tiff.SetField(TiffTag.SAMPLEFORMAT, SampleFormat.UINT);
        tiff.SetField(TiffTag.PHOTOMETRIC, Photometric.MINISBLACK);
        tiff.SetField(TiffTag.PLANARCONFIG, PlanarConfig.CONTIG);
        tiff.SetField(TiffTag.COMPRESSION, Compression.ADOBE_DEFLATE);
        tiff.SetField(TiffTag.ROWSPERSTRIP, rowsPerStrip);
        tiff.SetField(TiffTag.SOFTWARE, ResultMark.Labels);
        tiff.SetField(TiffTag.IMAGEDESCRIPTION, ImageJDescription.Of(whole.Depth, voxelSize));
        if (voxelSize is { } size)
        {
            tiff.SetField(TiffTag.RESOLUTIONUNIT, ResUnit.NONE);
            var unit = ImageJDescription.UnitOf(size).Micrometres;
            tiff.SetField(TiffTag.XRESOLUTION, unit / size.X);
            tiff.SetField(TiffTag.YRESOLUTION, unit / size.Y);
        }

        var strip = new byte[rowsPerStrip * whole.Width * sampleBytes];
        for (int y = 0, index = 0; y < whole.Height; y += rowsPerStrip, index++)
        {
            ReadOnlySpan<int> source = read(new VoxelBox(z, y, 0, 1, Math.Min(rowsPerStrip, whole.Height - y), whole.Width));
            var bytes = strip.AsSpan(0, source.Length * sampleBytes);
            if (wide)
                MemoryMarshal.AsBytes(source).CopyTo(bytes);
            else
                for (var i = 0; i < source.Length; i++)
                    MemoryMarshal.Cast<byte, ushort>(bytes)[i] = (ushort)source[i];
            var (number, count) = (index, bytes.Length);
            if (TiffLog.Listen(() => tiff.WriteEncodedStrip(number, strip, count)) < 0)
                throw new IOException($"{path}: cannot be written as TIFF.");
        }
        if (!tiff.WriteDirectory())
            throw new IOException($"{path}: cannot be written as TIFF.");
    }
}
