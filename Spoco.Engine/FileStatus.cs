using System.Runtime.InteropServices;

namespace Spoco.Engine;

/// <summary>What a path leads to.</summary>
internal enum FileType
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A file with contents on a disk.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe with a name; opening it waits for somebody at its other end.</summary>
    Pipe,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A device, which may have no end.</summary>
    Device,
}

/// <summary>What a path leads to, links followed, without opening it.</summary>
/// <param name="Type">What is there.</param>
/// <param name="Identity">
/// Equal for two paths that lead to the same thing, however they are spelled and through whatever links. On Linux it is what the system tells
/// files apart by, so that hard links are the same file too; elsewhere it is the path without links, and upper and lower case are the same.
/// </param>
internal readonly partial record struct FileStatus(FileType Type, string Identity)
{
    private const int LongestChain = 40;

    /// <summary>Asks the system about a path.</summary>
    public static FileStatus Of(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (OperatingSystem.IsLinux() && OfLinux(path) is { } status)
            return status;
        var real = RealPath(path);
        var type = Directory.Exists(real) ? FileType.Folder : File.Exists(real) ? FileType.Regular : FileType.Missing;
        return new FileStatus(type, OperatingSystem.IsLinux() ? real : real.ToUpperInvariant());
    }

    /// <summary>The absolute path without links, <c>.</c> and <c>..</c>; its last parts need not be there yet.</summary>
    public static string RealPath(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        for (var links = 0; links < LongestChain; links++)
        {
            if (WithoutFirstLink(full) is not { } followed)
                return full;
            full = followed;
        }

        return full;
    }

    /// <summary>The path with the first link in it replaced by its target; null where there is none.</summary>
    private static string? WithoutFirstLink(string full)
    {
        var root = Path.GetPathRoot(full)!;
        var parts = full[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var parent = root;
        for (var i = 0; i < parts.Length; i++)
        {
            var here = Path.Combine(parent, parts[i]);
            if (Target(here) is { } target)
                return Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine([parent, target, .. parts[(i + 1)..]])));
            parent = here;
        }

        return null;
    }

    private static string? Target(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that may not be looked into: whoever opens the file is told so.
            return null;
        }
    }

    /// <summary>
    /// What statx says, whose structure is the same on every processor; null where it fails for another reason than that nothing is there.
    /// </summary>
    private static unsafe FileStatus? OfLinux(string path)
    {
        const int currentFolder = -100;
        const int followLinks = 0;
        const uint typeAndNumber = 0x1 | 0x100;
        const int notThere = 2;
        const int partIsNoFolder = 20;
        var answer = stackalloc byte[256];
        try
        {
            if (StatX(currentFolder, path, followLinks, typeAndNumber, answer) != 0)
                return Marshal.GetLastPInvokeError() is notThere or partIsNoFolder ? new FileStatus(FileType.Missing, RealPath(path)) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }

        var (mode, file, device) = (*(ushort*)(answer + 28), *(ulong*)(answer + 32), *(ulong*)(answer + 136));
        var type = (mode >> 12) switch
        {
            0x8 => FileType.Regular,
            0x4 => FileType.Folder,
            0x1 => FileType.Pipe,
            0xC => FileType.Socket,
            _ => FileType.Device,
        };
        return new FileStatus(type, FormattableString.Invariant($"{device:x}:{file}"));
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* answer);
}
