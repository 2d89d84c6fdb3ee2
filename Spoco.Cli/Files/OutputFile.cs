using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Writes results; every file is complete or not there (<see cref="AtomicFile"/>).</summary>
internal static class OutputFile
{
    /// <summary>
    /// Writes labels in the format of <paramref name="path"/>'s extension or, where it has none of ours, in the format of the file
    /// <paramref name="like"/>, whose extension is then added: PNG (16-bit grey), TIFF (deflated pages) or HDF5.
    /// </summary>
    /// <returns>The path written.</returns>
    public static string WriteLabels(string path, Volume<int> labels, string like, string labelName = "label")
    {
        if (InputFile.KindOf(path) is null)
            path += Extension(InputFile.RequireKind(like));
        switch (InputFile.RequireKind(path))
        {
            case FileKind.Png: PngFile.WriteLabels(path, labels, ResultMark.Labels); break;
            case FileKind.Tiff: TiffFile.WriteLabels(path, labels); break;
            default: Hdf5File.WriteLabels(path, labels, labelName); break;
        }
        return path;
    }

    internal static string Extension(FileKind kind) => kind switch { FileKind.Png => ".png", FileKind.Tiff => ".tif", _ => ".h5" };

    /// <summary>The largest label; labels must be 0 or more.</summary>
    internal static int LargestLabel(string path, Volume<int> labels)
    {
        if (labels.Channels != 1)
            throw new ArgumentException($"Labels have one channel, got {labels}.", nameof(labels));
        var largest = 0;
        foreach (var label in labels.Data)
        {
            if (label < 0)
                throw new InputException($"{path}: label {label} cannot be written; labels are 0 or more.");
            largest = Math.Max(largest, label);
        }
        return largest;
    }
}
