using System.Globalization;
using Spectre.Console;
using Spoco.Engine;

namespace Spoco.Cli.Suggestions;

/// <summary>The suggestions as a table: on the screen, and as CSV.</summary>
internal static class SuggestionTable
{
    /// <summary>The first line of the CSV.</summary>
    public const string Header = "number,image,region,z,y,x,voxels,score,disagreement,unclear_foreground,low_margin";

    /// <summary>Writes the CSV; a measure that the model does not have is an empty cell.</summary>
    public static void Write(string path, IReadOnlyList<PlacedSuggestion> suggestions) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(Header);
        foreach (var s in suggestions)
            writer.WriteLine($"{s.Number},{Csv.Cell(s.Image)},{Kind(s)},{s.Z},{s.Y},{s.X},{s.Voxels},{string.Join(',', Numbers(s))}");
    });

    /// <summary>Prints the table to the output stream.</summary>
    public static void Print(IReadOnlyList<PlacedSuggestion> suggestions)
    {
        var volumes = suggestions.Any(s => s.Z > 0);
        var table = new Table().Border(TableBorder.Rounded).AddColumn(new TableColumn("#").RightAligned()).AddColumn("image").AddColumn("region");
        string[] headings = [.. volumes ? ["z"] : Array.Empty<string>(), "y", "x", "voxels", "score", "f and g disagree", "foreground unclear", "margin low"];
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (var s in suggestions)
            table.AddRow([$"{s.Number}", Markup.Escape(Terminal.Name(s.Image)), Kind(s), .. volumes ? [$"{s.Z}"] : Array.Empty<string>(), $"{s.Y}", $"{s.X}", $"{s.Voxels}", .. Numbers(s)]);
        TableOutput.Write(table);
    }

    private static string Kind(PlacedSuggestion suggestion) => suggestion.Suggestion.Region.IsSegment ? "segment" : "missed";

    private static string[] Numbers(PlacedSuggestion suggestion)
    {
        var (measures, score) = (suggestion.Suggestion.Region.Measures, suggestion.Suggestion.Score);
        return [.. new[] { score, measures.Disagreement, measures.UnclearForeground, measures.LowMargin }.Select(v => v?.ToString("0.000", CultureInfo.InvariantCulture) ?? "")];
    }
}
