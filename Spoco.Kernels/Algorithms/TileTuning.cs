using System.Diagnostics;
using System.Text.Json;

namespace Spoco.Kernels;

/// <summary>What the width of a tile is chosen for.</summary>
/// <param name="Operation">The kernel.</param>
/// <param name="Precision">How it rounds.</param>
/// <param name="Shape">The convolution that it computes.</param>
internal readonly record struct TileProblem(string Operation, Precision Precision, ConvolutionShape Shape)
{
    /// <summary>Name in a file.</summary>
    public string Key => $"{Operation} {Precision} {Shape.Input} {Shape.Weight} ({Shape.PaddingD},{Shape.PaddingH},{Shape.PaddingW})";
}

/// <summary>
/// The fastest of several tiles that give the same bits, measured on the device when a geometry is first met and kept in a file for the next process. What is
/// measured can therefore change the time of a computation alone, never its result.
/// </summary>
internal sealed class TileTuning
{
    /// <summary>A tile takes the place of the usual one if it is faster by this much: less is noise.</summary>
    private const double Gain = 0.97;

    private const int Samples = 3;
    private const int LongestFile = 1 << 20;
    private const int Version = 1;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(3);

    private readonly Dictionary<TileProblem, int> _choices = [];
    private readonly Dictionary<string, int> _kept;
    private readonly string _device;
    private readonly string? _path;
    private readonly Func<TimeSpan> _now;
    private TimeSpan _spent;

    /// <summary>Choices of a device.</summary>
    /// <param name="device">Names device and driver: another driver, other choices.</param>
    /// <param name="folder">Where they are kept; null = nowhere. A file that cannot be read or written is done without.</param>
    /// <param name="now">A clock; null = that of the machine.</param>
    public TileTuning(string device, string? folder, Func<TimeSpan>? now = null)
    {
        _device = device;
        _now = now ?? (static () => Stopwatch.GetElapsedTime(0));
        _path = folder is null ? null : Path.Combine(folder, FileName(device));
        _kept = Load();
    }

    /// <summary>
    /// Those of a device with matrix units: kept in the folder SPOCO_CACHE, or where the system keeps such files. Null where SPOCO_TUNE=0 forbids it.
    /// </summary>
    public static TileTuning? Of(ComputeDevice device)
    {
        if (Environment.GetEnvironmentVariable("SPOCO_TUNE") == "0" || !device.Capabilities.RoundsFactors)
            return null;
        var folder = Environment.GetEnvironmentVariable("SPOCO_CACHE");
        if (string.IsNullOrEmpty(folder))
        {
            var local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            folder = local.Length == 0 ? null : Path.Combine(local, "spoco");
        }

        return new TileTuning($"{device.Description}, {device.Driver}", folder);
    }

    /// <summary>Whether the choice is known.</summary>
    public bool Knows(in TileProblem problem, out int columns) => _choices.TryGetValue(problem, out columns);

    /// <summary>Finds the choice: in the file, or by measuring, as long as there is time for it.</summary>
    /// <param name="problem">What is computed.</param>
    /// <param name="usual">The tile without measurements.</param>
    /// <param name="widest">The widest one; narrower ones are halves.</param>
    /// <param name="compute">Computes it with a tile of so many columns, and waits for the device.</param>
    /// <returns>Columns of the tile.</returns>
    public int Find(in TileProblem problem, int usual, int widest, Action<int> compute)
    {
        var key = problem.Key;
        if (!_kept.TryGetValue(key, out var columns) || columns is not (16 or 32 or 64) || columns > widest)
        {
            if (_spent >= Budget || widest == 16)
                return _choices[problem] = usual;
            var start = _now();
            columns = usual;
            var fastest = Time(usual, compute) * Gain;
            for (var other = widest; other >= 16; other /= 2)
            {
                if (other != usual && Time(other, compute) is var time && time < fastest)
                    (columns, fastest) = (other, time);
            }

            _spent += _now() - start;
            _kept[key] = columns;
            Save();
        }

        return _choices[problem] = columns;
    }

    /// <summary>The fastest of some samples; the first computation, which may have to compile, is none.</summary>
    private TimeSpan Time(int columns, Action<int> compute)
    {
        compute(columns);
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < Samples; i++)
        {
            var start = _now();
            compute(columns);
            var time = _now() - start;
            fastest = time < fastest ? time : fastest;
        }

        return fastest;
    }

    private static string FileName(string device) =>
        $"tiles-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(device)))[..16]}.json";

    private Dictionary<string, int> Load()
    {
        var choices = new Dictionary<string, int>(StringComparer.Ordinal);
        try
        {
            if (_path is null || new FileInfo(_path) is not { Exists: true, Length: <= LongestFile })
                return choices;
            using var file = JsonDocument.Parse(File.ReadAllBytes(_path));
            var root = file.RootElement;
            if (root.GetProperty("version").GetInt32() != Version || root.GetProperty("device").GetString() != _device)
                return choices;
            foreach (var choice in root.GetProperty("columns").EnumerateObject())
                choices[choice.Name] = choice.Value.GetInt32();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            choices.Clear();
        }

        return choices;
    }

    /// <summary>Writes all choices beside the file and renames the result: whoever reads it finds a whole one.</summary>
    private void Save()
    {
        if (_path is null)
            return;
        var temporary = $"{_path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            using (var stream = File.Create(temporary))
            using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
            {
                json.WriteStartObject();
                json.WriteNumber("version", Version);
                json.WriteString("device", _device);
                json.WriteStartObject("columns");
                foreach (var (key, columns) in _kept.OrderBy(choice => choice.Key, StringComparer.Ordinal))
                    json.WriteNumber(key, columns);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Measured again by the next process.
            try
            {
                File.Delete(temporary);
            }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException)
            {
            }
        }
    }
}
