using System.Globalization;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Experiments;

/// <summary>
/// The table <c>losses.csv</c> of a study: the loss of every row while it was trained, beside each other. A line is a twelfth of the steps; its losses are means over
/// these steps and over the seeds.
/// </summary>
/// <param name="runs">The folder of the runs.</param>
/// <param name="iterations">Steps of a training.</param>
internal sealed class StudyLosses(string runs, int iterations)
{
    internal const string FirstColumn = "up_to_iteration";
    private const int Lines = 12;
    private static readonly int Column = Array.IndexOf(TrainingLog.Header.Split(','), "loss");

    private readonly int _steps = (iterations + Lines - 1) / Lines;

    // A finished training is read once.
    private readonly Dictionary<string, double[]> _losses = [];

    /// <summary>Writes the table of what is finished.</summary>
    public void Write(string path, IReadOnlyList<FinishedRow> rows) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.WriteLine(string.Join(',', rows.Select(row => row.Row.Name).Prepend(FirstColumn)));
        for (var line = 0; line * _steps < iterations; line++)
        {
            var means = rows.Select(row => Spread.Of(row.Runs.Where(run => !run.Diverged).Select(run => Of(run)[line])).Mean.ToString("g6", CultureInfo.InvariantCulture));
            writer.WriteLine(string.Join(',', means.Prepend(Math.Min((line + 1) * _steps, iterations).ToString(CultureInfo.InvariantCulture))));
        }
    });

    private double[] Of(RunResult run)
    {
        var name = PlannedRun.FolderOf(run.Run, run.Seed);
        if (_losses.TryGetValue(name, out var means))
            return means;
        var log = Path.Combine(runs, name, "log.csv");
        var losses = (File.Exists(log) ? File.ReadLines(log) : []).Skip(1).Select(row =>
            double.TryParse(row.Split(',').ElementAtOrDefault(Column), CultureInfo.InvariantCulture, out var loss) ? loss : double.NaN).ToArray();
        return _losses[name] = [.. Enumerable.Range(0, Lines).Select(line => Spread.Of(losses.Skip(line * _steps).Take(_steps)).Mean)];
    }
}
