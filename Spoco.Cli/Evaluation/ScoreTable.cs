using System.Globalization;
using Spectre.Console;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>Scores as a table: a row per image, the mean of the images, and what all objects of all images give together.</summary>
internal static class ScoreTable
{
    private const string Undefined = "n/a";

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
        var all = PooledScores.Of(scores);
        table.AddRow("all objects", Number(all.TruthObjects, "0"), Number(all.PredictedObjects, "0"), Number(all.AveragePrecision[0]),
            Number(all.AveragePrecision[5]), Number(all.MeanAveragePrecision), "", "", "", "", "");
        TableOutput.Write(table);
        Console.WriteLine($"All objects of all images together, at IoU 0.5: "
            + $"precision {Number(all.Precision[0])}, recall {Number(all.Recall[0])}, F1 {Number(all.F1[0])}.");
        if (UndefinedScores.Of(scores).Describe(scores.Count) is { Length: > 0 } undefined)
            Console.WriteLine($"{Undefined}: undefined and left out of the mean: {undefined}.");
    }

    private static void AddRow(Table table, ImageScores s) => table.AddRow(
        Markup.Escape(s.Missing ? $"{Terminal.Name(s.Name)} (missing)" : Terminal.Name(s.Name)), Number(s.TruthObjects, "0.#"), Number(s.PredictedObjects, "0.#"),
        Number(s.AveragePrecision50), Number(s.AveragePrecision75), Number(s.MeanAveragePrecision), Number(s.SymmetricBestDice),
        Number(s.DifferenceInCount, "0.#"), Number(s.AdaptedRandError), Number(s.SplitInformation), Number(s.MergeInformation));

    private static string Number(double value, string format = "0.000") =>
        double.IsNaN(value) ? Undefined : value.ToString(format, CultureInfo.InvariantCulture);
}
