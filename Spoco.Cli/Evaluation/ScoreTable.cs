using System.Globalization;
using Spectre.Console;

namespace Spoco.Cli.Evaluation;

/// <summary>Scores as a table, one row per image and the mean last.</summary>
internal static class ScoreTable
{
    /// <summary>Prints the table to the output stream.</summary>
    public static void Print(IReadOnlyList<ImageScores> scores)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("image");
        foreach (var heading in new[] { "objects", "found", "AP@0.5", "AP@0.75", "mAP", "SBD", "|DiC|", "ARE", "VI split", "VI merge" })
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (var s in scores)
            AddRow(table, s);
        table.AddEmptyRow();
        AddRow(table, ImageScores.Mean(scores));
        TableOutput.Write(table);
    }

    private static void AddRow(Table table, ImageScores s) => table.AddRow(
        Markup.Escape(Terminal.Name(s.Name)),
        Number(s.TruthObjects, "0.#"), Number(s.PredictedObjects, "0.#"), Number(s.AveragePrecision50), Number(s.AveragePrecision75),
        Number(s.MeanAveragePrecision), Number(s.SymmetricBestDice), Number(s.DifferenceInCount, "0.#"), Number(s.AdaptedRandError),
        Number(s.SplitInformation), Number(s.MergeInformation));

    private static string Number(double value, string format = "0.000") => value.ToString(format, CultureInfo.InvariantCulture);
}
