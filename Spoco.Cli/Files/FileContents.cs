using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Opens input files; what the system refuses becomes one line.</summary>
internal static class FileContents
{
    /// <summary>The whole file.</summary>
    public static byte[] Read(string path) => Guard(path, () => File.ReadAllBytes(Regular(path)));

    /// <summary>The file, positioned at its start.</summary>
    public static FileStream Open(string path) => Guard(path, () => File.OpenRead(Regular(path)));

    /// <summary>Pipes and devices have no length; to open one could wait for ever, to read one have no end.</summary>
    private static string Regular(string path)
    {
        var file = new FileInfo(path);
        if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            file = target;
        if (file.Exists && file.Length == 0)
            throw new InputException($"{path}: is empty, or no regular file.");
        return path;
    }

    private static TResult Guard<TResult>(string path, Func<TResult> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: no such file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({InputFile.FirstLine(e.Message)}).", e);
        }
    }
}
