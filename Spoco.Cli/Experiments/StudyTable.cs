using System.Globalization;
using System.Text;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Experiments;

/// <summary>A row of a study with the results of its runs.</summary>
internal sealed record FinishedRow(StudyRow Row, IReadOnlyList<RunResult> Runs)
{
    public Spread Score(Func<RunResult, double> of) => Spread.Of(Runs.Select(of));
}

/// <summary>The paper's table of a study: mean and standard deviation over the seeds, as Markdown and as CSV.</summary>
internal static class StudyTable
{
    private const string CsvStart = "row,runs,diverged,";

    /// <summary>The files of a study, which it writes anew after every run.</summary>
    public static IReadOnlyList<PlannedOutput> Files(string folder) =>
    [
        new(Path.Combine(folder, "results.csv"), "the results of the study", path => ResultMark.BeginsWith(path, StudyResults.Header)),
        new(Path.Combine(folder, "table.md"), "the table of the study", path => Study.All.Any(study => ResultMark.BeginsWith(path, Title(study)))),
        new(Path.Combine(folder, "table.csv"), "the table of the study", path => ResultMark.BeginsWith(path, CsvStart)),
        new(Path.Combine(folder, "plot.svg"), "the plot of the study", path => ResultMark.BeginsWith(path, StudyPlot.Start)),
        new(Path.Combine(folder, "losses.csv"), "the losses of the study", path => ResultMark.BeginsWith(path, StudyLosses.FirstColumn)),
    ];

    public static void Write(string folder, Study study, IReadOnlyList<FinishedRow> rows, string footnote)
    {
        WriteText(Path.Combine(folder, "table.md"), Markdown(study, rows, footnote));
        WriteText(Path.Combine(folder, "table.csv"), Csv(rows));
    }

    public static string Markdown(Study study, IReadOnlyList<FinishedRow> rows, string footnote)
    {
        var text = new StringBuilder(Title(study));
        var headings = RunResult.Scores.Select(s => s.Name.Replace("|", "\\|", StringComparison.Ordinal));
        text.Append($"| {study.Heading} | {string.Join(" | ", headings)} |\n");
        text.Append($"|---|{string.Concat(RunResult.Scores.Select(_ => "--:|"))}\n");
        foreach (var row in rows)
        {
            var diverged = row.Runs.Count(r => r.Diverged);
            text.Append($"| {row.Row.Label}{(diverged > 0 ? $" ({diverged} of {row.Runs.Count} diverged)" : "")} | ");
            text.Append($"{string.Join(" | ", RunResult.Scores.Select(s => Text(row.Score(s.Of))))} |\n");
        }

        return text.Append($"\n{footnote}\n").ToString();
    }

    private static string Title(Study study) => $"# {study.Name} ({study.Source})\n\n";

    private static string Csv(IReadOnlyList<FinishedRow> rows)
    {
        var text = new StringBuilder($"{CsvStart}{string.Join(',', RunResult.Scores.Select(s => $"{s.Name} mean,{s.Name} sd"))}\n");
        foreach (var row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row.Row.Label},{row.Runs.Count},{row.Runs.Count(r => r.Diverged)}");
            foreach (var (_, of) in RunResult.Scores)
            {
                var spread = row.Score(of);
                text.Append(CultureInfo.InvariantCulture, $",{spread.Mean:g6},{spread.Deviation:g6}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    public static string Text(Spread spread) => spread.Count switch
    {
        0 => "-",
        1 => string.Create(CultureInfo.InvariantCulture, $"{spread.Mean:0.000}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{spread.Mean:0.000} ± {spread.Deviation:0.000}"),
    };

    private static void WriteText(string path, string text) => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
