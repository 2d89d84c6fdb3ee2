using System.Text.Json;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// What results say of themselves, so that a later run knows them from files of others: "Spoco labels" and the like as the software of a PNG
/// or TIFF, and as an attribute of an HDF5 file.
/// </summary>
internal static class ResultMark
{
    public const string Labels = "Spoco labels";
    public const string Picture = "Spoco picture";
    public const string Embeddings = "Spoco embeddings";

    /// <summary>The keyword of a PNG's text, and the attribute of an HDF5 file.</summary>
    public const string Key = "Software";

    private const long LargestScores = 1 << 28;

    /// <summary>Whether a file is a result of the kind that <paramref name="mark"/> stands for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mark">One of the marks above.</param>
    /// <param name="datasets">All that an HDF5 file of ours holds; whatever else is in it somebody has added.</param>
    public static bool IsOn(string path, string mark, params string[] datasets)
    {
        try
        {
            return InputFile.KindOf(path) switch
            {
                FileKind.Png => PngFile.Software(path) == mark,
                FileKind.Tiff => TiffFile.Software(path) == mark,
                FileKind.Hdf5 => Hdf5File.IsMarked(path, mark, datasets),
                _ => false,
            };
        }
        catch (InputException)
        {
            // Unreadable: not known to be ours.
            return false;
        }
    }

    /// <summary>Whether a file holds the scores that <c>spoco evaluate --json</c> writes.</summary>
    public static bool IsScores(string path)
    {
        try
        {
            using var stream = FileContents.Open(path);
            if (stream.Length > LargestScores)
                return false;
            using var json = JsonDocument.Parse(stream);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("images", out var images) && images.ValueKind == JsonValueKind.Array
                && json.RootElement.TryGetProperty("mean", out var mean) && mean.ValueKind == JsonValueKind.Object;
        }
        catch (Exception e) when (e is InputException or JsonException or IOException)
        {
            return false;
        }
    }

    /// <summary>Whether a text file begins as a table of ours does.</summary>
    public static bool BeginsWith(string path, string beginning)
    {
        try
        {
            using var reader = new StreamReader(FileContents.Open(path));
            var read = new char[beginning.Length];
            return reader.ReadBlock(read) == beginning.Length && read.AsSpan().SequenceEqual(beginning);
        }
        catch (Exception e) when (e is InputException or IOException)
        {
            return false;
        }
    }
}
