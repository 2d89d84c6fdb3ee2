using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// Files that an HDF5 file names. Whoever opens a file means that file and what lies beside it: nothing outside its folder is opened, wherever
/// symbolic links lead, and nothing but regular files.
/// </summary>
internal static class Hdf5Neighbour
{
    private const int MaxHops = 40;

    /// <summary>The real path of a file that another names.</summary>
    /// <param name="path">The file that names it.</param>
    /// <param name="name">Absolute, or relative to the folder of the file.</param>
    public static string Find(string path, string name)
    {
        var folder = Path.GetDirectoryName(RealPath(path, path))!;
        var real = RealPath(path, Path.Combine(folder, name));
        if (!real.StartsWith(folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InputException($"{path}: its data lie in '{Terminal.Name(name)}', outside the folder of the file; nothing outside is read.");
        if (!File.Exists(real))
            throw new InputException($"{path}: its data lie in '{Terminal.Name(name)}', and there is no such file.");
        return real;
    }

    /// <summary>The path without symbolic links.</summary>
    private static string RealPath(string path, string of)
    {
        var full = Path.GetFullPath(of.Replace('\0', '?'));
        for (var hops = 0; hops < MaxHops; hops++)
        {
            if (FirstLink(full) is not var (link, target))
                return full;
            full = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(link)!, target + full[link.Length..]));
        }
        throw new InputException($"{path}: symbolic links to its data lead in a circle.");
    }

    private static (string Link, string Target)? FirstLink(string full)
    {
        for (var end = full.IndexOf(Path.DirectorySeparatorChar, 1); ; end = full.IndexOf(Path.DirectorySeparatorChar, end + 1))
        {
            var part = end < 0 ? full : full[..end];
            if (new FileInfo(part).LinkTarget is { } target)
                return (part, target);
            if (end < 0)
                return null;
        }
    }
}
