using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Lists folders in the order of names; what the system refuses becomes one line.</summary>
internal static class FolderContents
{
    // Images in formats that are not read: what lies among images without being one is nobody's loss.
    private static readonly HashSet<string> UnreadKinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg", ".jpeg", ".jpe", ".jp2", ".j2k", ".jxl", ".bmp", ".gif", ".webp", ".heic", ".ppm", ".pgm", ".tga", ".czi", ".nd2", ".lif", ".lsm",
        ".oib", ".oif", ".oir", ".vsi", ".ims", ".zvi", ".dv", ".stk", ".svs", ".ndpi", ".scn", ".mrxs", ".btf", ".tf2", ".tf8", ".mrc", ".nii",
        ".nrrd", ".mha", ".mhd", ".dcm", ".npy", ".npz", ".mat", ".zarr", ".n5", ".zip",
    };

    /// <summary>The files of known formats; a line says which images are passed over because their format is not read.</summary>
    public static List<string> Images(string folder)
    {
        var files = Files(folder);
        if (files.Count > 0 && Unread(folder) is { } unread)
            InputNotes.Once($"{folder}: {unread}.");
        return files;
    }

    /// <summary>Which images of a folder are of a format that is not read; null where there are none.</summary>
    public static string? Unread(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        var kinds = List(folder, () => Directory.EnumerateFileSystemEntries(folder).Where(path => UnreadKinds.Contains(Path.GetExtension(path))))
            .Select(path => Path.GetExtension(path).ToLowerInvariant()).ToList();
        var names = string.Join(", ", kinds.Distinct().Order(StringComparer.Ordinal));
        return kinds.Count switch
        {
            0 => null,
            1 => $"one file is passed over: {names} is not read",
            _ => $"{kinds.Count} files are passed over: {names} {(kinds.Distinct().Count() == 1 ? "is" : "are")} not read",
        };
    }

    /// <summary>The files of known formats, without pictures that were written beside results (<see cref="ByProduct"/>).</summary>
    public static List<string> Files(string folder)
    {
        var files = List(folder, () => Directory.EnumerateFiles(folder).Where(file => InputFile.KindOf(file) is not null));
        var names = files.Select(file => Path.GetFileNameWithoutExtension(file)!).ToHashSet(StringComparer.Ordinal);
        files.RemoveAll(file => ByProduct.Is(file, names));
        return files;
    }

    /// <summary>The folders within.</summary>
    public static List<string> Folders(string folder) => List(folder, () => Directory.EnumerateDirectories(folder));

    private static List<string> List(string folder, Func<IEnumerable<string>> entries)
    {
        try
        {
            return [.. entries().Where(path => Path.GetFileName(path)[0] != '.').Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var why = e is UnauthorizedAccessException ? "permission denied" : "it is gone, or the system refuses it";
            throw new InputException($"{folder}: cannot be read ({why}).", e);
        }
    }
}
