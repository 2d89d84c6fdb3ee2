using System.Text;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>A file that a command is going to write.</summary>
/// <param name="Path">Where.</param>
/// <param name="What">What it is, in words, such as "the labels of a.tif".</param>
/// <param name="IsEarlier">Whether a file that is there is an earlier result of the same kind, which may be replaced.</param>
internal sealed record PlannedOutput(string Path, string What, Func<string, bool> IsEarlier);

/// <summary>
/// Compares what a command is going to write with what it reads and with what is there, before it computes anything. The only place where this
/// is decided.
/// </summary>
internal static class OutputPlan
{
    // File systems take 255 bytes; while a file is written its name is longer.
    private const int LongestName = 240;

    /// <summary>
    /// Refuses outputs that are inputs, that are the same file twice, that would lie among the images of a folder that is read, or that would replace
    /// anything but an earlier result of the same kind. Then removes what a killed run has left of these outputs.
    /// </summary>
    /// <param name="inputs">Files, and folders that were named.</param>
    /// <param name="outputs">What is going to be written.</param>
    /// <param name="overwrite">Whether other files may be replaced (inputs never); null where the command has no such option.</param>
    /// <exception cref="InputException">An output is refused; nothing was touched.</exception>
    public static void Check(IEnumerable<string> inputs, IReadOnlyList<PlannedOutput> outputs, bool? overwrite)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var input in inputs)
            read.TryAdd(FileStatus.Of(input).Identity, input);
        var written = new Dictionary<string, PlannedOutput>(StringComparer.Ordinal);
        foreach (var output in outputs)
            RequireFree(output, read, written, overwrite);
        AtomicFile.RemoveLeftovers(outputs.Select(output => output.Path));
    }

    /// <summary>Makes the folder of an output.</summary>
    public static void MakeFolder(string path) => Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static void RequireShortNames(string path)
    {
        foreach (var name in Path.GetFullPath(path).Split(Path.DirectorySeparatorChar))
        {
            var bytes = Encoding.UTF8.GetByteCount(name);
            if (bytes > LongestName)
                throw new InputException(
                    $"{Terminal.Name(name)}: a name of {bytes} bytes is too long for a result, {LongestName} fit; "
                    + "rename what it is called after, or write elsewhere.");
        }
    }

    private static void RequireFree(
        PlannedOutput output, Dictionary<string, string> read, Dictionary<string, PlannedOutput> written, bool? overwrite)
    {
        var (path, what, isEarlier) = output;
        RequireShortNames(path);
        var status = FileStatus.Of(path);
        if (status.Type is not (FileType.Missing or FileType.Regular))
            throw new InputException($"{path}: {what} cannot be written there (it is {RegularFile.Name(status.Type)}).");
        if (read.TryGetValue(status.Identity, out var input))
            throw new InputException($"{path}: {what} would replace {input}, which is read; write elsewhere.");
        if (!written.TryAdd(status.Identity, output))
            throw new InputException($"{path}: would be both {written[status.Identity].What} and {what}; rename one, or run them one by one.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (InputFile.KindOf(path) is not null && read.TryGetValue(FileStatus.Of(folder).Identity, out var source))
            throw new InputException($"{source}: is the folder that is read; {what} would be taken for an image there. Write elsewhere.");
        for (var parent = folder; parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (FileStatus.Of(parent).Type is not (FileType.Missing or FileType.Folder))
                throw new InputException($"{path}: {what} cannot be written there ({parent} is no folder).");
        }

        // Nothing is lost with an empty file.
        if (status.Type == FileType.Regular && new FileInfo(path).Length > 0 && overwrite != true && !isEarlier(path))
        {
            var orReplace = overwrite is null ? "" : ", or replace it with --overwrite";
            throw new InputException($"{path}: is there and is not {what} of an earlier run; write elsewhere{orReplace}.");
        }
    }
}
