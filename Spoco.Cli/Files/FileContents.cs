using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Opens input files; what the system refuses becomes one line.</summary>
internal static class FileContents
{
    /// <summary>The whole file.</summary>
    public static byte[] Read(string path) => Guard(path, () => File.ReadAllBytes(path));

    /// <summary>The file, positioned at its start.</summary>
    public static FileStream Open(string path) => Guard(path, () => File.OpenRead(path));

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
