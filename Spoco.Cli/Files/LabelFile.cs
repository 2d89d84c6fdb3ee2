using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>How a file tells the objects of an image apart.</summary>
internal enum LabelEncoding
{
    /// <summary>A number per voxel; a colour per voxel in a PNG of three channels.</summary>
    Numbers,

    /// <summary>A folder with a binary image per object (DSB2018).</summary>
    MaskPerObject,

    /// <summary>A binary image whose connected components are the objects (VNC mitochondria).</summary>
    BinaryMask,

    /// <summary>Cityscapes <c>instanceIds</c>: 1000 class + number; below 1000 are classes without instances and groups.</summary>
    CityscapesInstances,
}

/// <summary>Reads labels in the encodings of published data sets; the result is always a number per voxel, 0 = no object.</summary>
internal static class LabelFile
{
    // Half of 255: masks with antialiased edges are cut where the edge is.
    private const int MaskThreshold = 128;

    // Fewer pixels of a binary mask are a slip of the brush: no mitochondrion of VNC is that small.
    private const int SmallestComponent = 30;

    /// <summary>Reads the labels of an item.</summary>
    /// <exception cref="InputException">A file is unreadable, or its numbers are none of the encoding's.</exception>
    public static Volume<int> Read(DataItem item, string path) => item.Encoding switch
    {
        LabelEncoding.MaskPerObject => ReadMasks(path),
        LabelEncoding.BinaryMask => Components(InputFile.ReadLabels(path)),
        LabelEncoding.CityscapesInstances => Instances(InputFile.ReadLabels(path), item.Class),
        _ => ReadNumbers(path, item.LabelName, item.IgnoreLabel),
    };

    /// <summary>Reads a file of <see cref="LabelEncoding.Numbers"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="labelName">The dataset's name; used for HDF5 only.</param>
    /// <param name="ignored">The one negative label that is allowed.</param>
    public static Volume<int> ReadNumbers(string path, string labelName, int? ignored = null) =>
        InputFile.KindOf(path) == FileKind.Png ? ReadPng(path) : InputFile.ReadLabels(path, labelName, ignored);

    /// <summary>A grey or palette PNG as it is; of red, green and blue the number 65536 red + 256 green + blue.</summary>
    private static Volume<int> ReadPng(string path)
    {
        if (PngFile.Channels(path) != 3)
            return InputFile.ReadLabels(path);
        var colours = InputFile.ReadImage(path);
        var labels = new Volume<int>(1, colours.Height, colours.Width);
        for (var i = 0; i < labels.Data.Length; i++)
        {
            var (red, green, blue) = (colours.Data[3 * i], colours.Data[3 * i + 1], colours.Data[3 * i + 2]);
            if (red > 255 || green > 255 || blue > 255)
                throw new InputException($"{path}: labels stored as colours need 8 bits a channel, got 16.");
            labels.Data[i] = ((int)red << 16) + ((int)green << 8) + (int)blue;
        }

        return labels;
    }

    /// <summary>Numbers the masks by their names' order; where two overlap the first keeps the pixel.</summary>
    private static Volume<int> ReadMasks(string folder)
    {
        Volume<int>? labels = null;
        var number = 0;
        foreach (var path in FolderContents.Files(folder))
        {
            var mask = InputFile.ReadLabels(path);
            labels ??= new Volume<int>(mask.Depth, mask.Height, mask.Width);
            if (!mask.HasExtentsOf(labels))
                throw new InputException($"{path}: the mask is {mask}, those before it are {labels}.");
            var threshold = Threshold(mask);
            number++;
            for (var i = 0; i < mask.Data.Length; i++)
            {
                if (mask.Data[i] >= threshold && labels.Data[i] == 0)
                    labels.Data[i] = number;
            }
        }

        return labels ?? throw new InputException($"{folder}: holds no mask.");
    }

    private static Volume<int> Components(Volume<int> mask)
    {
        var threshold = Threshold(mask);
        var binary = new Volume<byte>(Array.ConvertAll(mask.Data, v => v >= threshold ? (byte)1 : (byte)0), mask.Depth, mask.Height, mask.Width);
        return Relabel.Compact(SizeFloor.Remove(ConnectedComponents.OfMask(binary, Connectivity.Corners), SmallestComponent)).Labels;
    }

    /// <summary>Binary images hold 0 and 1 or 0 and 255, the latter sometimes with soft edges.</summary>
    private static int Threshold(Volume<int> mask) => mask.Data.AsSpan().ContainsAnyExceptInRange(0, 1) ? MaskThreshold : 1;

    private static Volume<int> Instances(Volume<int> ids, CityscapesClass? only)
    {
        for (var i = 0; i < ids.Data.Length; i++)
        {
            var found = CityscapesClass.OfInstance(ids.Data[i]);
            if (found is null || (only is not null && found != only))
                ids.Data[i] = 0;
        }

        return ids;
    }
}
