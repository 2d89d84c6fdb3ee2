using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Lists folders in the order of names; what the system refuses becomes one line.</summary>
internal static class FolderContents
{
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
