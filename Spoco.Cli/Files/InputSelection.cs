using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>The files that a command works on, and where their results go.</summary>
internal static class InputSelection
{
    private static readonly string[] Checkpoints = ["best.safetensors", "last.safetensors"];

    /// <summary>
    /// Files as given; of a folder that is a data set, where images lie beside labels or in folders of their own, the images; of every other folder all files of
    /// known formats, by name.
    /// </summary>
    /// <exception cref="InputException">A path does not exist or is no regular file, or a folder holds no image.</exception>
    public static IReadOnlyList<string> Files(IEnumerable<string> paths)
    {
        var files = new List<string>();
        foreach (var path in paths)
        {
            if (File.Exists(path))
            {
                InputFile.RequireKind(path);
                files.Add(path);
                continue;
            }

            if (!Directory.Exists(path))
                throw new InputException($"{path}: no such file or folder.");
            var items = DataFolder.Search(path, new DataSelection { Labelled = false });
            var found = FolderContents.Files(path);
            if (found.Count == 0 || items.Any(item => item.LabelPath is not null && item.LabelPath != item.ImagePath))
                found = [.. items.Select(item => item.ImagePath)];
            if (found.Count == 0)
                throw new InputException(
                    $"{path}: holds no PNG, TIFF or HDF5 file{(FolderContents.Unread(path) is { } unread ? $"; {unread}" : "")}.");
            files.AddRange(found);
        }

        foreach (var file in files)
            RegularFile.Require(file);
        var twice = files.GroupBy(Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        return twice is null
            ? files
            : throw new InputException($"{string.Join(" and ", twice.Take(2))}: their results would have the same name; run them one by one.");
    }

    /// <summary>A file's name without folder and extension.</summary>
    public static string Name(string path) => Path.GetFileNameWithoutExtension(path);

    /// <summary>
    /// Where the result of one input goes, without what a command appends: <paramref name="output"/> itself (its extension apart) when it names a file
    /// of a known format and there is one input, else NAME in the folder <paramref name="output"/>.
    /// </summary>
    public static string Stem(string output, string input, int inputs) => inputs == 1 && InputFile.KindOf(output) is not null
        ? Path.Combine(Path.GetDirectoryName(output)!, Name(output))
        : Path.Combine(output, Name(input));

    /// <summary>
    /// The file for the labels of one input: <paramref name="output"/> where it names one, else <see cref="Stem"/> in the input's format.
    /// </summary>
    public static string LabelPath(string output, string input, int inputs) => inputs == 1 && InputFile.KindOf(output) is not null
        ? output
        : Stem(output, input, inputs) + OutputFile.Extension(InputFile.RequireKind(input));

    /// <summary>The same for labels that are written part by part, for which there is no PNG: unless a file was named, they become a TIFF.</summary>
    public static string LargeLabelPath(string output, string input, int inputs)
    {
        var path = LabelPath(output, input, inputs);
        return path != output && InputFile.KindOf(path) == FileKind.Png ? Path.ChangeExtension(path, ".tif") : path;
    }

    /// <summary>The checkpoint that <c>--model</c> names: a file, or a training's folder, whose best model it is.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static string Model(string path)
    {
        if (File.Exists(path))
            return FileSignature.Of(path) is null ? path : throw FileSignature.Not(path, "a model");
        return Checkpoints.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
            ?? throw new InputException($"{path}: no such model; expected a .safetensors file or the output folder of spoco train.");
    }
}
