using System.Security.Cryptography;

namespace Spoco.Engine;

/// <summary>Writes files that are either complete or not there.</summary>
internal static class AtomicFile
{
    private const string Temporary = ".tmp-";
    private const int RandomDigits = 8;

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
        var temporary = $"{path}{Temporary}{RandomNumberGenerator.GetHexString(RandomDigits, lowercase: true)}";
        try
        {
            var stream = new HeldFile(temporary);
            try
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            finally
            {
                stream.Release();
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Deletes what processes that were killed have left of <see cref="Write"/> to <paramref name="paths"/>. What another process is writing at
    /// this moment stays: it is held.
    /// </summary>
    public static void RemoveLeftovers(params IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        foreach (var folder in paths.Select(Path.GetFullPath).GroupBy(path => Path.GetDirectoryName(path)!))
        {
            if (!Directory.Exists(folder.Key))
                continue;
            var names = folder.Select(path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal);
            foreach (var file in new DirectoryInfo(folder.Key).EnumerateFiles($"*{Temporary}*", new EnumerationOptions()).ToList())
            {
                var at = file.Name.LastIndexOf(Temporary, StringComparison.Ordinal);
                var digits = file.Name[(at + Temporary.Length)..];
                var isOurs = names.Contains(file.Name[..at]) && digits.Length == RandomDigits && digits.All(char.IsAsciiHexDigitLower);
                if (isOurs && FileStatus.Of(file.FullName).Type == FileType.Regular && !IsHeld(file.FullName))
                    TryDelete(file.FullName);
            }
        }
    }

    private static bool IsHeld(string path)
    {
        try
        {
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
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

    /// <summary>A new file that stays open, and so held against others, when a writer closes the stream.</summary>
    private sealed class HeldFile(string path) : FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16)
    {
        public override void Close() => Flush();

        /// <summary>Closes it.</summary>
        public void Release() => base.Close();
    }
}
