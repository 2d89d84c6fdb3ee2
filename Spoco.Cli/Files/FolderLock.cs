using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>A folder, or one work in it, held by one process. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class FolderLock : IDisposable
{
    private const string Everything = "spoco.lock";

    private readonly string _path;
    private readonly FileStream _file;

    private FolderLock(string path, FileStream file) => (_path, _file) = (path, file);

    /// <summary>Takes a folder that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The lock's file: works of different names may go on in it at the same time.</param>
    /// <exception cref="InputException">Another process holds it, or nothing may be written there.</exception>
    public static FolderLock Hold(string folder, string name = Everything)
    {
        var path = Path.Combine(folder, name);
        while (true)
        {
            var file = Open(folder, path);
            // Between opening and locking, whoever held it before may have deleted it: such a lock is on a file that nobody else will find.
            if (!OperatingSystem.IsLinux() || FileStatus.Of(path) == FileStatus.Of($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}"))
                return new FolderLock(path, file);
            file.Dispose();
        }
    }

    public void Dispose()
    {
        // While it is still held, so that nobody else's is deleted. Windows deletes it by itself when it is closed.
        if (!OperatingSystem.IsWindows())
            File.Delete(_path);
        _file.Dispose();
    }

    private static FileStream Open(string folder, string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0,
                OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new InputException($"{folder}: another spoco works in it; wait for its end, or choose another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: cannot be written.", e);
        }
    }
}
