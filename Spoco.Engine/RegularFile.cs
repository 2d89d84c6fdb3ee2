namespace Spoco.Engine;

/// <summary>
/// Opens files of the user's. Only files with contents are opened: a pipe would wait for a writer that never comes, a device may never end.
/// </summary>
internal static class RegularFile
{
    /// <summary>Opens a file to be read.</summary>
    /// <exception cref="InputException">There is none, it is no regular file, or it may not be read; the message names it.</exception>
    public static FileStream Open(string path)
    {
        Require(path);
        try
        {
            return File.OpenRead(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{path}: cannot be read (permission denied).", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: no such file.", e);
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: cannot be read (the system refuses it, or another program holds it).", e);
        }
    }

    /// <summary>Refuses what is no regular file, without opening it.</summary>
    /// <exception cref="InputException">There is nothing, or something else; the message names it.</exception>
    public static void Require(string path)
    {
        var type = FileStatus.Of(path).Type;
        if (type == FileType.Missing)
            throw new InputException($"{path}: {(new FileInfo(path).LinkTarget is null ? "no such file" : "is a link to a file that is not there")}.");
        if (type != FileType.Regular)
            throw new InputException($"{path}: cannot be read (it is {Name(type)}, not a file).");
    }

    /// <summary>A kind of thing in words, with its article.</summary>
    public static string Name(FileType type) => type switch
    {
        FileType.Folder => "a folder",
        FileType.Pipe => "a pipe",
        FileType.Socket => "a socket",
        FileType.Device => "a device",
        FileType.Missing => "nothing",
        _ => "a file",
    };
}
