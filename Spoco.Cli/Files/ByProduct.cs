using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Pictures that are written beside results, to be looked at: they are no images when a folder is read.</summary>
internal static class ByProduct
{
    public const string Overlay = "_overlay";
    public const string Colours = "_pca";
    public const string Suggestions = "_suggestions";
    public const string Clusterings = "_clusterings";

    /// <summary>
    /// Whether a file is such a picture: one that says so itself and lies beside the result that it shows. An image of the user's that is only
    /// called so is none.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="names">The names, without extension, of all files of its folder.</param>
    public static bool Is(string path, IReadOnlySet<string> names)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        return new[] { Overlay, Colours, Suggestions, Clusterings }.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal) && names.Contains(name[..^suffix.Length]))
            && InputFile.KindOf(path) == FileKind.Png && FileStatus.Of(path).Type == FileType.Regular && ResultMark.IsOn(path, ResultMark.Picture);
    }
}
