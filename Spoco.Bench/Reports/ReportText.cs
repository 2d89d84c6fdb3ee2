using System.Globalization;
using Spoco.Bench.Runs;

namespace Spoco.Bench.Reports;

/// <summary>A report as Markdown.</summary>
internal static class ReportText
{
    /// <summary>What a file with such a text begins with.</summary>
    public const string Title = "# spoco-bench";

    /// <summary>The lines of a report.</summary>
    public static IEnumerable<string> Lines(BenchReport report)
    {
        yield return Title;
        yield return "";
        foreach (var line in Head(report))
            yield return $"- {line}";
        if (!report.IsComplete)
            yield return "- **incomplete**: ended before all was measured";
        foreach (var section in report.Results.GroupBy(r => r.Section))
        {
            yield return "";
            yield return $"## {Cell(section.Key)}";
            yield return "";
            foreach (var line in Table(section.Key, [.. section], report))
                yield return line;
        }

        foreach (var step in report.Steps)
        {
            yield return "";
            yield return $"## {Cell(step.Name)}, {Cell(step.What)}, by kernel";
            yield return "";
            foreach (var line in Kernels(step))
                yield return line;
        }
    }

    /// <summary>What was measured on, a line each.</summary>
    public static IEnumerable<string> Head(BenchReport report)
    {
        yield return $"{Cell(report.Device)}: {Cell(report.Hardware)}";
        if (report.Driver.Length > 0)
            yield return $"driver: {Cell(report.Driver)}";
        yield return $"processor: {(report.Processor.Length > 0 ? Cell(report.Processor) : "unknown")}, {report.Processors} threads";
        yield return Cell(report.Software);
        yield return string.Create(CultureInfo.InvariantCulture, $"plan: {Cell(report.Plan)}; {report.Measured:yyyy-MM-dd HH:mm} UTC; times by: {Cell(report.Clock)}");
        yield return "median, fastest and slowest of the samples, after warm-up; calls shorter than a sample are timed several at a time";
    }

    /// <summary>A number with three digits that mean something.</summary>
    public static string Number(double value) => value switch
    {
        0 => "0",
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        >= 0.1 => value.ToString("0.000", CultureInfo.InvariantCulture),
        _ => value.ToString("0.0000", CultureInfo.InvariantCulture),
    };

    /// <summary>A text that stays within its cell.</summary>
    public static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);

    private static IEnumerable<string> Table(string section, IReadOnlyList<BenchResult> results, BenchReport report)
    {
        var (flops, bytes, memory) = (results.Any(r => r.Flops > 0), results.Any(r => r.Bytes > 0), results.Any(r => r.PeakBytes > 0));
        var isPeak = section == BenchReport.PeakSection;
        var peakBytes = report.Peak(r => r.Gigabytes);
        yield return $"| case | what | median ms | fastest | slowest | samples |{(flops ? isPeak ? " TFLOP/s |" : " TFLOP/s | of peak |" : "")}"
            + $"{(bytes ? isPeak ? " GB/s |" : " GB/s | of peak |" : "")}{(memory ? " peak memory MiB |" : "")}";
        yield return $"|---|---|--:|--:|--:|--:|{Rule(flops)}{Rule(bytes)}{(memory ? "--:|" : "")}";
        foreach (var r in results)
        {
            if (r.Problem is not null)
            {
                yield return $"| {Cell(r.Name)} | {Cell(r.What)} | not measured: {Cell(r.Problem)} |";
                continue;
            }

            yield return $"| {Cell(r.Name)} | {Cell(r.What)} | {Number(r.Median)} | {Number(r.Fastest)} | {Number(r.Slowest)} | "
                + $"{r.Samples}{(r.CallsPerSample > 1 ? $" x {r.CallsPerSample}" : "")} |"
                + (flops ? Rate(r.Teraflops, report.PeakTeraflops(PrecisionCalls.Of(r.What))) : "") + (bytes ? Rate(r.Gigabytes, peakBytes) : "") + (memory ? $" {r.PeakBytes >> 20} |" : "");
        }

        string Rule(bool isThere) => isThere ? isPeak ? "--:|" : "--:|--:|" : "";

        string Rate(double rate, double peak) => (rate > 0 ? $" {Number(rate)} |" : " |") + (isPeak ? "" : rate > 0 && peak > 0 ? $" {100 * rate / peak:0} % |" : " |");
    }

    private static IEnumerable<string> Kernels(StepKernels step)
    {
        yield return "| kernel | launches | ms | share |";
        yield return "|---|--:|--:|--:|";
        foreach (var kernel in step.Kernels)
            yield return $"| {Cell(kernel.Kernel)} | {kernel.Launches} | {Number(kernel.Milliseconds)} | {Share(kernel.Milliseconds)} |";
        var kernels = step.Kernels.Sum(k => k.Milliseconds);
        var rest = Math.Max(0, step.Milliseconds - kernels);
        yield return $"| between kernels: copies, launches, waiting for the host | | {Number(rest)} | {Share(rest)} |";
        yield return $"| this step, its launches timed one by one | {step.Kernels.Sum(k => k.Launches)} | {Number(step.Milliseconds)} | |";

        string Share(double milliseconds) => step.Milliseconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100 * milliseconds / step.Milliseconds:0.0} %") : "";
    }
}
