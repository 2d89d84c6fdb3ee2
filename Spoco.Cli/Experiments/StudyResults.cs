using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Experiments;

/// <summary>The scores of one run, means over the validation images; not numbers where its training diverged.</summary>
/// <param name="Run">Its row.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Scoring">How the images were segmented.</param>
/// <param name="SymmetricBestDice">SBD.</param>
/// <param name="DifferenceInCount">|DiC|.</param>
/// <param name="AveragePrecision50">AP at IoU 0.5.</param>
/// <param name="MeanAveragePrecision">mAP.</param>
internal sealed record RunResult(
    string Run, long Seed, string Scoring, double SymmetricBestDice, double DifferenceInCount, double AveragePrecision50, double MeanAveragePrecision)
{
    /// <summary>The scores by the names that tables have for them.</summary>
    public static readonly (string Name, Func<RunResult, double> Of)[] Scores =
    [
        ("SBD", r => r.SymmetricBestDice), ("|DiC|", r => r.DifferenceInCount),
        ("AP@0.5", r => r.AveragePrecision50), ("mAP", r => r.MeanAveragePrecision),
    ];

    public bool Diverged => double.IsNaN(SymmetricBestDice);

    public static RunResult Of(string run, long seed, string scoring, ImageScores mean) =>
        new(run, seed, scoring, mean.SymmetricBestDice, mean.DifferenceInCount, mean.AveragePrecision50, mean.MeanAveragePrecision);

    public static RunResult OfDiverged(string run, long seed, string scoring) => new(run, seed, scoring, double.NaN, double.NaN, double.NaN, double.NaN);
}

/// <summary>The table <c>results.csv</c> of a study: a row per finished run, written anew after each.</summary>
internal sealed class StudyResults
{
    internal const string Header = "run,seed,sbd,dic,ap50,map,scoring";

    private readonly string _path;
    private readonly List<RunResult> _results;

    /// <summary>Reads the table where there is one.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public StudyResults(string path)
    {
        _path = path;
        if (File.Exists(path))
            RegularFile.Require(path);
        _results = File.Exists(path) ? [.. File.ReadLines(path).Skip(1).Select(Parse)] : [];
    }

    public RunResult? Find(string run, long seed, string scoring) => _results.Find(r => r.Run == run && r.Seed == seed && r.Scoring == scoring);

    public void Add(RunResult result)
    {
        _results.Add(result);
        AtomicFile.Write(_path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.WriteLine(Header);
            foreach (var r in _results)
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{r.Run},{r.Seed},{r.SymmetricBestDice:g6},{r.DifferenceInCount:g6},{r.AveragePrecision50:g6},{r.MeanAveragePrecision:g6},")
                    + r.Scoring);
        });
    }

    private RunResult Parse(string line)
    {
        var parts = line.Split(',', 7);
        var scores = new double[4];
        var valid = parts.Length == 7 && long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
        for (var i = 0; i < scores.Length && valid; i++)
            valid = double.TryParse(parts[i + 2], CultureInfo.InvariantCulture, out scores[i]);
        return valid
            ? new RunResult(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture), parts[6], scores[0], scores[1], scores[2], scores[3])
            : throw new InputException($"{_path}: expected {Header}, got '{line}'.");
    }
}
