using System.Globalization;

namespace Spoco.Bench.Reports;

/// <summary>Two reports beside each other.</summary>
internal static class Comparison
{
    /// <summary>Peaks that differ by more mean that one of the runs was disturbed, or ran at other clocks.</summary>
    private const double PeakTolerance = 0.1;

    /// <summary>The lines of the comparison, as Markdown.</summary>
    public static IEnumerable<string> Lines(BenchReport a, BenchReport b)
    {
        yield return $"{ReportText.Title} compare";
        foreach (var (name, report) in new[] { ("A", a), ("B", b) })
        {
            yield return "";
            yield return $"{name}:";
            yield return "";
            foreach (var line in ReportText.Head(report).Take(report.Driver.Length > 0 ? 5 : 4))
                yield return $"- {line}";
            if (!report.IsComplete)
                yield return "- **incomplete**: ended before all was measured";
        }

        var differences = Differences(a, b).ToList();
        yield return "";
        if (differences.Count > 0)
            yield return $"The {string.Join(" and the ", differences)} differ: ratios against times of another machine are no ratios, so there are none here.";
        else
            yield return "The same device in the same kind of machine. B / A below 1: B is faster.";
        if (a.Driver != b.Driver)
            yield return "The drivers differ.";
        if (a.Clock != b.Clock)
            yield return "The clocks that times were measured by differ.";
        if (differences.Count == 0)
        {
            foreach (var (what, rate) in new (string, Func<BenchResult, double>)[] { ("TFLOP/s", r => r.Teraflops), ("GB/s of a copy", r => r.Gigabytes) })
            {
                var (first, second) = (a.Peak(rate), b.Peak(rate));
                if (Math.Abs(first - second) > PeakTolerance * Math.Max(first, second))
                    yield return $"The measured peaks differ: {ReportText.Number(first)} and {ReportText.Number(second)} {what}. One of the runs was disturbed, or ran at other clocks.";
            }
        }

        yield return "";
        yield return $"| table | case | what | A ms (fastest .. slowest) | B ms |{(differences.Count == 0 ? " B / A |" : "")}";
        yield return $"|---|---|---|--:|--:|{(differences.Count == 0 ? "--:|" : "")}";
        foreach (var (key, first, second) in Pairs(a, b))
            yield return $"| {ReportText.Cell(key.Section)} | {ReportText.Cell(key.Name)} | {ReportText.Cell(key.What)} | {Time(first)} | {Time(second)} |"
                + (differences.Count == 0 ? $" {Ratio(first, second)} |" : "");
    }

    private static IEnumerable<string> Differences(BenchReport a, BenchReport b)
    {
        if (a.Hardware != b.Hardware || Api(a) != Api(b))
            yield return "devices";
        if (a.Processor != b.Processor || a.Processors != b.Processors)
            yield return "processors";
        static string Api(BenchReport report) => report.Device.Split(':')[0];
    }

    /// <summary>All calls of both, in the order of A; what only B has comes last.</summary>
    private static IEnumerable<((string Section, string Name, string What) Key, BenchResult? A, BenchResult? B)> Pairs(BenchReport a, BenchReport b)
    {
        var (first, second) = (ByKey(a), ByKey(b));
        return first.Keys.Concat(second.Keys.Where(k => !first.ContainsKey(k))).Select(k => (k, first.GetValueOrDefault(k), second.GetValueOrDefault(k)));

        static OrderedDictionary<(string Section, string Name, string What), BenchResult> ByKey(BenchReport report)
        {
            var results = new OrderedDictionary<(string, string, string), BenchResult>();
            foreach (var result in report.Results)
                results.TryAdd((result.Section, result.Name, result.What), result);
            return results;
        }
    }

    private static string Time(BenchResult? result) => result is null ? "-" : result.Samples == 0 ? "not measured"
        : $"{ReportText.Number(result.Median)} ({ReportText.Number(result.Fastest)} .. {ReportText.Number(result.Slowest)})";

    private static string Ratio(BenchResult? a, BenchResult? b) =>
        a is { Samples: > 0 } && b is { Samples: > 0 } ? (b.Median / a.Median).ToString("0.00", CultureInfo.InvariantCulture) : "";
}
