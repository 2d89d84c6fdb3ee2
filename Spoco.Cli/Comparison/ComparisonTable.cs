using System.Globalization;
using System.Text;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Comparison;

/// <summary>The table of a comparison, as the paper's Tables 9 and 10: mean and deviation over the images, as Markdown; and what is behind it, a row per image and method, as CSV.</summary>
internal static class ComparisonTable
{
    /// <summary>The first line of the table.</summary>
    public const string Title = "# Clusterings (paper, Tables 9 and 10)";

    /// <summary>The first line of the CSV.</summary>
    public const string Header = "image,method,objects,found,sbd,dic,are,ap50,map,seconds";

    /// <summary>The table.</summary>
    /// <param name="methods">Clusterings, in the order of the rows.</param>
    /// <param name="results">What they made of the images.</param>
    /// <param name="footnote">How the images were segmented.</param>
    public static string Markdown(IReadOnlyList<string> methods, IReadOnlyList<ClusteredImage> results, string footnote)
    {
        var text = new StringBuilder($"{Title}\n\n| Method |");
        foreach (var (name, _, _) in ClusteredImage.Columns)
            text.Append(CultureInfo.InvariantCulture, $" {name.Replace("|", "\\|", StringComparison.Ordinal)} |");
        text.Append("\n|---|").Append(string.Concat(ClusteredImage.Columns.Select(_ => "--:|"))).Append('\n');
        foreach (var method in methods)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {method} |");
            foreach (var (_, of, format) in ClusteredImage.Columns)
                text.Append(CultureInfo.InvariantCulture, $" {Text(Spread.Of(results.Where(r => r.Method == method).Select(of)), format)} |");
            text.Append('\n');
        }

        return text.Append(CultureInfo.InvariantCulture, $"\n{footnote}\n").ToString();
    }

    /// <summary>Writes the table.</summary>
    public static void Write(string path, string markdown) => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(markdown)));

    /// <summary>Writes the CSV; a score that is undefined is an empty cell.</summary>
    public static void WriteImages(string path, IReadOnlyList<ClusteredImage> results) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(Header);
        foreach (var r in results)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Csv.Cell(r.Scores.Name)},{r.Method},{r.Scores.TruthObjects},{r.Scores.PredictedObjects},")
                + string.Join(',', ClusteredImage.Columns.Select(column => column.Of(r) is var value && double.IsNaN(value) ? "" : value.ToString("g6", CultureInfo.InvariantCulture))));
    });

    private static string Text(Spread spread, string format) => spread.Count switch
    {
        0 => "-",
        1 => spread.Mean.ToString(format, CultureInfo.InvariantCulture),
        _ => $"{spread.Mean.ToString(format, CultureInfo.InvariantCulture)} ± {spread.Deviation.ToString(format, CultureInfo.InvariantCulture)}",
    };
}
