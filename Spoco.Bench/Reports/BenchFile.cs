using System.Text.Json;
using Spoco.Engine;

namespace Spoco.Bench.Reports;

/// <summary>Reports as JSON; docs/gpu.md describes the fields.</summary>
internal static class BenchFile
{
    private const long LargestFile = 16 << 20;
    private const int MostResults = 10_000;
    private const int LongestText = 500;

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        IgnoreReadOnlyProperties = true,
        MaxDepth = 8,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes a report.</summary>
    public static void Write(Stream stream, BenchReport report) => JsonSerializer.Serialize(stream, report, Options);

    /// <summary>Reads a report.</summary>
    /// <exception cref="InputException">It cannot be read, is too large, is no report, or one of another version.</exception>
    public static BenchReport Read(string path)
    {
        using var stream = RegularFile.Open(path);
        if (stream.Length > LargestFile)
            throw new InputException($"{path}: is no report of spoco-bench (it has {stream.Length} bytes; {LargestFile} are the most).");
        try
        {
            RequireVersion(path, stream);
            stream.Position = 0;
            var report = JsonSerializer.Deserialize<BenchReport>(stream, Options) ?? throw new JsonException("null");
            RequireSense(path, report);
            return report;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: is no report of spoco-bench ({Reason(e)}).", e);
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: cannot be read (it changes or its disk fails).", e);
        }
    }

    /// <summary>Whether a file is a report of any version.</summary>
    public static bool IsReport(string path)
    {
        try
        {
            using var stream = RegularFile.Open(path);
            return stream.Length <= LargestFile && VersionOf(stream) is not null;
        }
        catch (Exception e) when (e is InputException or JsonException or IOException)
        {
            return false;
        }
    }

    private static void RequireVersion(string path, Stream stream)
    {
        var version = VersionOf(stream) ?? throw new InputException($"{path}: is no report of spoco-bench (it does not say that it is one).");
        if (version != BenchReport.CurrentVersion)
            throw new InputException($"{path}: is a report of version {version}; this spoco-bench reads version {BenchReport.CurrentVersion}.");
    }

    private static int? VersionOf(Stream stream)
    {
        using var json = JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = Options.MaxDepth });
        return json.RootElement.ValueKind == JsonValueKind.Object
            && json.RootElement.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String && format.ValueEquals(BenchReport.FormatName)
            && json.RootElement.TryGetProperty("version", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number)
            ? number : null;
    }

    private static void RequireSense(string path, BenchReport report)
    {
        // What the parser does not look at: the members of lists.
        if (report.Results.Contains(null!) || report.Steps.Contains(null!) || report.Steps.Any(s => s.Kernels.Contains(null!)))
            throw new JsonException("a result is null");
        var numbers = report.Results.SelectMany(r => (double[])[r.Median, r.Fastest, r.Slowest, r.Flops, r.Bytes, r.Samples, r.CallsPerSample, r.PeakBytes])
            .Concat(report.Steps.SelectMany(s => s.Kernels.SelectMany(k => (double[])[k.Milliseconds, k.Launches]).Append(s.Milliseconds)));
        var texts = report.Results.SelectMany(r => (string[])[r.Section, r.Name, r.What, r.Problem ?? ""])
            .Concat(report.Steps.SelectMany(s => s.Kernels.Select(k => k.Kernel).Append(s.Name).Append(s.What)))
            .Concat([report.Software, report.Processor, report.Device, report.Hardware, report.Driver, report.Clock, report.Plan]);
        var problem = report.Results.Count > MostResults || report.Steps.Count > MostResults ? $"more than {MostResults} results"
            : !numbers.All(n => double.IsFinite(n) && n >= 0) ? "a number is negative or none"
            : report.Results.Any(r => r.Samples > 0 && !(r.Median > 0)) ? "a time is 0"
            : texts.Any(t => t.Length > LongestText) ? $"a text of more than {LongestText} letters"
            : null;
        if (problem is not null)
            throw new InputException($"{path}: is no report of spoco-bench ({problem}).");
    }

    /// <summary>The first line of what the parser says, without where in the program it says it.</summary>
    private static string Reason(JsonException e) => e.Message.Split('\n')[0].Split(" Path:")[0].TrimEnd('.');
}
