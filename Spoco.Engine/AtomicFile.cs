using System.Security.Cryptography;

namespace Spoco.Engine;

/// <summary>Writes files that are either complete or not there.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes a file beside its final place (<c>PATH.tmp-…</c>), flushes it to the disk, and renames it over <paramref name="path"/>.
    /// When anything fails the part-written file is deleted and a file that was there before is untouched.
    /// </summary>
    /// <param name="path">The final place; an existing file is replaced.</param>
    /// <param name="write">Writes the contents; the stream can seek and be read, and may be closed.</param>
    /// <exception cref="IOException">The file cannot be created, written or renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or the existing file may not be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        if (Directory.Exists(path))
            throw new IOException($"Cannot write {path}: it is a folder.");
        var temporary = $"{path}.tmp-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16))
                write(stream);
            // Opened again because a writer may have closed the stream; the flush covers the file, not the handle.
            using (var stream = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite))
                stream.Flush(flushToDisk: true);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }
}
