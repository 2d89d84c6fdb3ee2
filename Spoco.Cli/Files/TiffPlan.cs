using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Which page of a TIFF is which part of the image; none of its pixels is decoded.</summary>
internal sealed class TiffPlan
{
    private readonly TiffReader _reader;
    private readonly List<TiffDirectory> _pages;
    private readonly TiffDirectory _first;
    private readonly ImageAxes _axes;
    private TiffPage? _page;

    /// <param name="reader">The file.</param>
    /// <param name="labels">Whether the pixels are numbers of objects, and never those of colours.</param>
    /// <exception cref="InputException">The file is damaged, or of a kind that is not read.</exception>
    public TiffPlan(TiffReader reader, bool labels)
    {
        _reader = reader;
        _pages = TiffStructure.Pages(reader);
        var full = TiffStructure.FullResolution(_pages);
        _first = full[0];
        Layout = TiffLayout.Of(Path, _first);
        CheckSize(Layout, 1);
        _axes = ImageAxes.Of(Path, _first, new StoredPlanes(
            [.. full.Select(page => page.Index)], _pages.Count, Layout.Width, Layout.Height, Layout.Depth, Layout.Samples, Layout.Planar,
            full.Count == 1 ? Following() : 1));
        if (!_axes.Follow && _pages[_axes.Planes[0]] != _first)
            (_first, Layout) = (_pages[_axes.Planes[0]], TiffLayout.Of(Path, _pages[_axes.Planes[0]]));
        CheckSize(Layout, _axes.Planes.Length);
        Palette = labels ? null : PaletteOf(_first, Layout);
        var (depth, channels) = ((long)_axes.Slices * Layout.Depth, (long)PlaneChannels * _axes.Channels);
        if (depth > int.MaxValue || channels > int.MaxValue)
            throw new InputException($"{Path}: declares {depth} slices of {channels} channels.");
        var (height, width) = Orientation.RowsAreColumns ? (Layout.Width, Layout.Height) : (Layout.Height, Layout.Width);
        (Whole, Channels) = (new VoxelBox(0, 0, 0, (int)depth, height, width), (int)channels);
    }

    public string Path => _reader.Path;

    /// <summary>How every page stores its pixels, but for the blocks and their compression.</summary>
    public TiffLayout Layout { get; }

    public TiffOrientation Orientation => new(Layout.Orientation);

    /// <summary>Red, green and blue, 8 bits each, of the numbers that an image's pixels are; none where pixels are values.</summary>
    public byte[]? Palette { get; }

    /// <summary>The box of all voxels, as they are shown.</summary>
    public VoxelBox Whole { get; }

    public int Channels { get; }

    /// <summary>Channels of a page.</summary>
    public int PlaneChannels => Palette is null ? Layout.Channels : 3;

    /// <summary>Channels that are pages of their own.</summary>
    public int PagesPerSlice => _axes.Channels;

    public VoxelSize? VoxelSize =>
        Orientation.RowsAreColumns && _axes.VoxelSize is { } size ? new VoxelSize(size.Z, size.X, size.Y) : _axes.VoxelSize;

    /// <summary>Directories of the file.</summary>
    public int Directories => _pages.Count;

    /// <summary>The pages of the image, in the order of slices and channels; each is checked when it comes.</summary>
    public IEnumerable<TiffPage> AllPages()
    {
        for (var slice = 0; slice < _axes.Slices; slice++)
            for (var channel = 0; channel < _axes.Channels; channel++)
                yield return Page(slice, channel);
    }

    /// <summary>The page that holds a channel, or all, of a slice, or of several where pages are deep.</summary>
    /// <exception cref="InputException">The page is damaged, or differs from the first.</exception>
    public TiffPage Page(int slice, int channel)
    {
        var number = _axes.Plane(slice, channel);
        return _page?.Index == number ? _page : _page = Open(number);
    }

    /// <summary>Says where the file holds more than the image that is read.</summary>
    public void NoteOthers()
    {
        if (_axes.Others > 0)
            InputNotes.Once($"{Path}: holds {_axes.Others + 1} images or more; the first is read.");
    }

    private TiffPage Open(int number)
    {
        if (_axes.Follow)
            return TiffPage.Following(Layout, number, _first.Number(TiffTag.STRIPOFFSETS, 0));
        var directory = _pages[number];
        var layout = TiffLayout.Of(Path, directory);
        if (layout.Pixels != Layout.Pixels || layout.Orientation != Layout.Orientation)
            throw new InputException($"{Path}: page {directory.Index} is {layout.Pixels}, the first is {Layout.Pixels}: "
                + "save pages of one kind as a file, such as: tiffcp IN,0 OUT.");
        CheckSize(layout, 1);
        return TiffPage.Of(_reader, directory, layout);
    }

    /// <summary>How many planes the file has room for from the first one's data on.</summary>
    private long Following() =>
        Layout.IsPlain && _first.Numbers(TiffTag.STRIPOFFSETS) is [var start, ..] && start >= 0 && start < _reader.Length
            ? (_reader.Length - start) / (Layout.RowBytes * Layout.Height) : 1;

    /// <summary>
    /// The colours of an image's numbers. Intensities are the numbers themselves where colours only display them: ImageJ's, or a table whose columns
    /// never fall.
    /// </summary>
    private static byte[]? PaletteOf(TiffDirectory page, TiffLayout layout)
    {
        if (layout.Photometric != Photometric.PALETTE || layout.Samples != 1 || layout.Type != SampleType.UInt8
            || ImageJDescription.IsIt(page.Text(TiffTag.IMAGEDESCRIPTION)))
            return null;
        var table = page.Numbers(TiffTag.COLORMAP);
        var size = 1 << layout.BitDepth;
        if (table.Length != 3 * size || Array.TrueForAll([0, 1, 2], column => Rises(table.AsSpan(column * size, size))))
            return null;
        var colours = new byte[table.Length];
        for (var i = 0; i < size; i++)
            for (var column = 0; column < 3; column++)
                colours[3 * i + column] = (byte)(table[column * size + i] >> 8);
        return colours;

        static bool Rises(ReadOnlySpan<long> column)
        {
            for (var i = 1; i < column.Length; i++)
                if (column[i] < column[i - 1])
                    return false;
            return true;
        }
    }

    /// <summary>Refuses pages that declare more than the file can hold, and blocks beyond any array, before memory is taken for them.</summary>
    private void CheckSize(TiffLayout layout, int planes)
    {
        var most = (ulong)_reader.Length * (UInt128)TiffCompression.MaxRatio(layout.Compression, Path);
        // A tile may reach beyond a small page, but then it is stored whole.
        var block = (UInt128)layout.RowBytes * (ulong)layout.BlockHeight * (ulong)layout.BlockDepth;
        if (layout.Bytes * (ulong)planes > most || block > most)
            throw new InputException($"{Path}: declares {planes} x {layout.Pixels} but has only {_reader.Length} bytes.");
        if (block > (ulong)Array.MaxLength && layout.Compression != TiffCompression.None)
            throw TiffMemory.TooLarge(Path, layout, "at most 2 GiB can be");
    }
}
