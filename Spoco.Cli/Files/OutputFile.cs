using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Writes results; every file is complete or not there (<see cref="AtomicFile"/>).</summary>
internal static class OutputFile
{
    /// <summary>
    /// Writes labels in the format of <paramref name="path"/>'s extension or, where it has none of ours, in the format of the file
    /// <paramref name="like"/>, whose extension is then added: PNG (16-bit grey), TIFF (deflated pages) or HDF5. What a PNG cannot hold, slices and
    /// labels beyond 65535, goes to a TIFF beside it, and a line says so: how many objects there are is known only when all is computed.
    /// </summary>
    /// <returns>The path written.</returns>
    public static string WriteLabels(string path, Volume<int> labels, string like, string labelName = "label")
    {
        if (InputFile.KindOf(path) is null)
            path += Extension(InputFile.RequireKind(like));
        if (InputFile.RequireKind(path) == FileKind.Png && (labels.Depth > 1 || LargestLabel(path, labels) > ushort.MaxValue))
        {
            var wanted = path;
            path = FreeTiff(Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path)));
            InputNotes.Once($"{wanted}: a PNG holds one slice and labels up to 65535; written to {path} instead.");
        }

        switch (InputFile.RequireKind(path))
        {
            case FileKind.Png: PngFile.WriteLabels(path, labels, ResultMark.Labels); break;
            case FileKind.Tiff: TiffFile.WriteLabels(path, labels); break;
            default: Hdf5File.WriteLabels(path, labels, labelName); break;
        }
        return path;
    }

    /// <summary>A name that no file has: nobody has looked whether one there may be replaced.</summary>
    private static string FreeTiff(string stem)
    {
        var path = $"{stem}.tif";
        for (var number = 2; FileStatus.Of(path).Type != FileType.Missing; number++)
            path = $"{stem}_{number}.tif";
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
