namespace Spoco.Engine.Segmentation;

/// <summary>
/// The folder of block results: a manifest that says what they are results of, and one file per block. Results of anything else are deleted.
/// </summary>
internal sealed class BlockFolder
{
    private const string Manifest = "manifest.txt";
    private const string Pattern = "*.block";
    private const string Format = "spoco blocks 2";

    private readonly string _path;

    private BlockFolder(string path) => _path = path;

    /// <summary>The extents of the blocks that are there, if they are results of the same thing; else null.</summary>
    public static (int Z, int Y, int X)? ExtentsOf(string path, string identity)
    {
        var file = Path.Combine(path, Manifest);
        // A manifest is a page of text; anything larger is none.
        if (!File.Exists(file) || new FileInfo(file).Length > 1 << 20 || File.ReadAllLines(file) is not [Format, var found, var extents] || found != OneLine(identity))
            return null;
        return extents.Split(' ') is [var z, var y, var x] && int.TryParse(z, out var depth) && int.TryParse(y, out var height)
            && int.TryParse(x, out var width) && depth > 0 && height > 0 && width > 0 ? (depth, height, width) : null;
    }

    /// <summary>Opens a folder for the results of blocks; what is there and is of something else is deleted.</summary>
    /// <exception cref="ArgumentException">The folder holds files of others.</exception>
    public static BlockFolder Open(string path, string identity, (int Z, int Y, int X) extents)
    {
        AtomicFile.RemoveLeftovers(Path.Combine(path, Manifest));
        if (Directory.Exists(path) && !File.Exists(Path.Combine(path, Manifest)) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new ArgumentException($"BlockwiseMutexWatershed: {path} holds files that are no results of blocks; it is left alone.");
        Directory.CreateDirectory(path);
        var folder = new BlockFolder(path);
        if (ExtentsOf(path, identity) == extents)
            return folder;
        folder.Delete();
        Directory.CreateDirectory(path);
        var line = FormattableString.Invariant($"{extents.Z} {extents.Y} {extents.X}");
        AtomicFile.Write(Path.Combine(path, Manifest), stream =>
        {
            using var text = new StreamWriter(stream, leaveOpen: true);
            text.Write($"{Format}\n{OneLine(identity)}\n{line}\n");
        });
        return folder;
    }

    /// <summary>The file of a block.</summary>
    public string PathOf(int block) => Path.Combine(_path, FormattableString.Invariant($"{block:000000}.block"));

    /// <summary>Deletes the results, and the folder unless something else is in it.</summary>
    public void Delete()
    {
        // The manifest goes last: without it nobody would know whose files these are.
        foreach (var file in Directory.EnumerateFiles(_path, Pattern).Concat(Directory.EnumerateFiles(_path, Pattern + ".tmp-*")).ToArray())
            File.Delete(file);
        File.Delete(Path.Combine(_path, Manifest));
        if (!Directory.EnumerateFileSystemEntries(_path).Any())
            Directory.Delete(_path);
    }

    private static string OneLine(string identity) => identity.ReplaceLineEndings(" ");
}
