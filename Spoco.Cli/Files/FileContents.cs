using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Opens input files; what the system refuses becomes one line.</summary>
internal static class FileContents
{
    /// <summary>The whole file.</summary>
    public static byte[] Read(string path)
    {
        using var stream = Open(path);
        if (stream.Length > Array.MaxLength)
            throw new InputException($"{path}: cannot be read (it has {stream.Length} bytes, more than fit one array).");
        try
        {
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: cannot be read (it changes or its disk fails).", e);
        }
    }

    /// <summary>The file, positioned at its start.</summary>
    public static FileStream Open(string path) => RegularFile.Open(path);
}
