using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>What a description says of the planes of an image: how many along each axis, how they follow each other, how large a pixel is.</summary>
/// <param name="Frames">Points in time.</param>
/// <param name="Slices">Positions along z.</param>
/// <param name="Channels">Channels that are planes of their own.</param>
internal sealed record DeclaredAxes(int Frames, int Slices, int Channels)
{
    /// <summary>The axes of the planes, the fastest first.</summary>
    public string Order { get; init; } = "CZT";

    /// <summary>The page of each plane of the first frame, [slice, channel], where the description lists them.</summary>
    public int[]? Pages { get; init; }

    /// <summary>Edges of a voxel in micrometres; null where the description does not say.</summary>
    public double? SizeX { get; init; }

    public double? SizeY { get; init; }

    public double? SizeZ { get; init; }

    /// <summary>Micrometres in the unit that the file's resolution is in; null where the description does not say.</summary>
    public double? Unit { get; init; }

    /// <summary>Distance of two slices in the resolution's unit; null where the description does not say.</summary>
    public double? Spacing { get; init; }

    /// <summary>Images in the file beside the one described.</summary>
    public int Others { get; init; }

    public UInt128 Planes => (UInt128)Frames * (ulong)Slices * (ulong)Channels;
}

/// <summary>How a TIFF stores its planes.</summary>
/// <param name="Pages">The pages of full resolution, by their numbers in the file.</param>
/// <param name="AllPages">Number of pages, smaller copies included.</param>
/// <param name="Width">Columns of a page.</param>
/// <param name="Height">Rows of a page.</param>
/// <param name="Depth">Slices of a page, where it has several.</param>
/// <param name="Samples">Samples of a pixel.</param>
/// <param name="Planar">Whether the samples of a page lie apart.</param>
/// <param name="Following">Planes that the file has room for from the first one's data on, where that is plain and the only page; else 1.</param>
internal sealed record StoredPlanes(
    IReadOnlyList<int> Pages, int AllPages, int Width, int Height, int Depth = 1, int Samples = 1, bool Planar = false, long Following = 1)
{
    public int Count => Pages.Count;
}

/// <summary>
/// Decides which plane of a TIFF is which slice and channel. The description is, in this order, OME-XML, ImageJ's lines, or tifffile's
/// JSON; without one, pages are slices. A time series is refused: its frames are images of their own.
/// </summary>
internal sealed record ImageAxes(int Slices, int Channels, int[] Planes)
{
    // Scanners and screens state 72 to 600 dots an inch whatever the image shows; a microscope's pixel is far below 1/600 inch.
    private const double DotsPerInchOfScreens = 600;

    /// <summary>Whether the planes follow the first page's data without pages of their own; their numbers then count from there.</summary>
    public bool Follow { get; init; }

    public VoxelSize? VoxelSize { get; init; }

    /// <summary>Images in the file beside the one that is read.</summary>
    public int Others { get; init; }

    /// <summary>The plane that holds a channel of a slice.</summary>
    public int Plane(int slice, int channel) => Planes[slice * Channels + channel];

    /// <summary>Reads the description of a file's first page.</summary>
    /// <exception cref="InputException">The description does not fit the pages, or they are of a kind that is not read.</exception>
    public static ImageAxes Of(string path, TiffDirectory first, StoredPlanes stored)
    {
        var axes = Of(path, first.Text(TiffTag.IMAGEDESCRIPTION), stored, out var declared);
        return axes with { VoxelSize = SizeOfVoxel(first, declared, axes.Slices * stored.Depth) };
    }

    /// <summary>The same, of a description alone; without the voxel size.</summary>
    public static ImageAxes Of(string path, string description, StoredPlanes stored, out DeclaredAxes declared)
    {
        declared = OmeXml.Read(path, description, stored) ?? ImageJDescription.Read(path, description, stored)
            ?? ShapedDescription.Read(path, description, stored) ?? new DeclaredAxes(1, stored.Count, 1);
        if (declared.Frames > 1)
            throw TimeSeries(path, declared, stored);
        var planes = declared.Planes;
        if (declared.Pages is { } listed)
            return new ImageAxes(declared.Slices, declared.Channels, listed) { Others = declared.Others };
        var follow = stored.Count == 1 && planes > 1;
        if (planes > (ulong)(follow ? stored.Following : stored.Count) || planes > (ulong)Array.MaxLength)
            throw new InputException(
                $"{path}: declares {planes} images ({declared.Channels} channels, {declared.Slices} slices) "
                + $"but has {stored.Count} of full resolution.");
        var (slices, channels) = (declared.Slices, declared.Channels);
        var channelsFirst = declared.Order.IndexOf('C', StringComparison.Ordinal) < declared.Order.IndexOf('Z', StringComparison.Ordinal);
        var numbers = new int[slices * channels];
        for (var z = 0; z < slices; z++)
            for (var c = 0; c < channels; c++)
            {
                var number = channelsFirst ? z * channels + c : c * slices + z;
                numbers[z * channels + c] = follow ? number : stored.Pages[number];
            }
        return new ImageAxes(slices, channels, numbers) { Follow = follow, Others = declared.Others };
    }

    private static InputException TimeSeries(string path, DeclaredAxes declared, StoredPlanes stored)
    {
        var frame = declared.Slices * (long)stored.Depth > 1 ? $"{declared.Slices * (long)stored.Depth} slices" : "1 slice";
        return new InputException(
            $"{path}: a time series of {declared.Frames} frames of {frame}; frames are separate images here: save each as a file "
            + "(Fiji: Image > Duplicate, frames 1-1, 2-2, ...), or, if they are slices, say so (Image > Properties).");
    }

    /// <summary>
    /// Sizes in micrometres: those of the description, else the resolution tags (pixels per unit) with the unit that either of them states.
    /// A resolution without a unit of length says nothing about the sample.
    /// </summary>
    private static VoxelSize? SizeOfVoxel(TiffDirectory first, DeclaredAxes declared, int depth)
    {
        var (perX, perY) = (first.Fraction(TiffTag.XRESOLUTION), first.Fraction(TiffTag.YRESOLUTION));
        var unit = declared.Unit ?? (ResUnit)first.Number(TiffTag.RESOLUTIONUNIT, (int)ResUnit.INCH) switch
        {
            ResUnit.CENTIMETER => 10_000,
            ResUnit.INCH when Math.Min(perX, perY) > DotsPerInchOfScreens => 25_400,
            _ => null,
        };
        var x = declared.SizeX ?? unit / perX;
        var y = declared.SizeY ?? unit / perY;
        var z = declared.SizeZ ?? declared.Spacing * unit ?? (depth == 1 ? y : null);
        return IsSize(z) && IsSize(y) && IsSize(x) ? new VoxelSize(z!.Value, y!.Value, x!.Value) : null;

        static bool IsSize(double? size) => size is > 0 and < double.PositiveInfinity;
    }
}
