using System.Text.Json;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>The JSON in which tifffile describes an array: <c>{"shape": [2, 16, 48, 48], "axes": "CZYX"}</c>, the slowest axis first.</summary>
internal static class ShapedDescription
{
    /// <summary>Reads a description; null where it is none of tifffile's, or of another array than the pages hold.</summary>
    public static DeclaredAxes? Read(string path, string description, StoredPlanes stored)
    {
        if (!description.StartsWith('{'))
            return null;
        try
        {
            using var json = JsonDocument.Parse(description.Trim());
            if (!json.RootElement.TryGetProperty("shape", out var list) || list.ValueKind != JsonValueKind.Array)
                return null;
            var shape = list.EnumerateArray().Select(extent => extent.TryGetInt32(out var count) ? count : 0).ToList();
            if (shape.Exists(extent => extent < 1))
                return null;
            var axes = Text(json.RootElement, "axes").ToUpperInvariant();
            var found = axes.Length == shape.Count ? Named(path, shape, axes, stored) : Unnamed(path, shape, stored);
            return found is null ? null : found with
            {
                Unit = LengthUnit.Micrometres(Text(json.RootElement, "unit")),
                Spacing = json.RootElement.TryGetProperty("spacing", out var z) && z.ValueKind == JsonValueKind.Number ? z.GetDouble() : null,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static DeclaredAxes? Named(string path, List<int> shape, string axes, StoredPlanes stored)
    {
        var counts = new Dictionary<char, int>();
        for (var i = 0; i < axes.Length; i++)
            if (!counts.TryAdd(axes[i], shape[i]))
                return null;
        var interleaved = stored.Samples > 1 && !stored.Planar;
        var inside = interleaved && axes[^1] is 'S' or 'C' ? axes[..^1] : axes;
        if (!inside.EndsWith("YX", StringComparison.Ordinal) || counts['Y'] != stored.Height || counts['X'] != stored.Width)
            return Product(shape) != Values(stored) ? null : throw new InputException(
                $"{path}: axes {Letters(axes)}, but pages of {stored.Height} x {stored.Width}: save it with "
                + "rows and columns last, such as CYX or ZYX.");
        // Samples of a pixel are within the page, whatever they are called, unless every page has one.
        foreach (var inPage in "SC")
            if (stored.Samples > 1 && counts.GetValueOrDefault(inPage) == stored.Samples)
            {
                counts.Remove(inPage);
                break;
            }
        var slices = counts.Keys.Where(axis => axis is 'Z' or 'I' or 'Q' && counts[axis] > 1).ToList();
        var channels = counts.Keys.Where(axis => axis is 'C' or 'S' && counts[axis] > 1).ToList();
        var unknown = counts.Keys.Where(axis => !"TZIQCSYX".Contains(axis, StringComparison.Ordinal) && counts[axis] > 1).ToList();
        if (slices.Count > 1 || channels.Count > 1 || unknown.Count > 0)
            throw new InputException($"{path}: axes {Letters(axes)} are not read; "
                + "slices (Z) and channels (C) are: save each position of the others as a file of its own.");
        var (z, c) = (slices.Count == 0 ? 1 : counts[slices[0]], channels.Count == 0 ? 1 : counts[channels[0]]);
        var zLast = slices.Count == 0 || channels.Count == 0 || axes.IndexOf(slices[0]) < axes.IndexOf(channels[0]);
        return Fit(path, new DeclaredAxes(counts.GetValueOrDefault('T', 1), z, c) { Order = zLast ? "CZT" : "ZCT" }, stored);
    }

    private static DeclaredAxes? Unnamed(string path, List<int> shape, StoredPlanes stored)
    {
        List<int> page = stored.Samples == 1 ? [stored.Height, stored.Width]
            : stored.Planar ? [stored.Samples, stored.Height, stored.Width] : [stored.Height, stored.Width, stored.Samples];
        if (shape.Count < page.Count || !shape[^page.Count..].SequenceEqual(page))
            return null;
        var leading = shape[..^page.Count].FindAll(extent => extent > 1);
        if (leading.Count > 1 && Product(shape) == Values(stored))
            throw new InputException(
                $"{path}: {string.Join(" x ", leading)} images of {stored.Height} x {stored.Width}, and nothing says which axis is "
                + "slices, channels or time; save it with axes: tifffile.imwrite(path, array, metadata={'axes': 'CZYX'}).");
        return Fit(path, new DeclaredAxes(1, leading.Count == 1 ? leading[0] : 1, 1), stored);
    }

    private static string Text(JsonElement json, string key) =>
        json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string Letters(string axes) => string.Concat(axes.Where(char.IsAsciiLetter).Take(16));

    private static UInt128 Values(StoredPlanes stored) =>
        (UInt128)stored.Count * (ulong)stored.Depth * (ulong)stored.Height * (ulong)stored.Width * (ulong)stored.Samples;

    private static UInt128 Product(List<int> extents) => extents.Aggregate((UInt128)1, (product, extent) => product * (ulong)extent);

    /// <summary>Takes the slices within a page out of the count, and says when the pages hold more than the array.</summary>
    private static DeclaredAxes? Fit(string path, DeclaredAxes axes, StoredPlanes stored)
    {
        if (stored.Depth > 1)
        {
            if (axes.Slices % stored.Depth != 0)
                return null;
            axes = axes with { Slices = axes.Slices / stored.Depth };
        }
        return axes with { Others = axes.Planes < (ulong)stored.Count ? 1 : 0 };
    }
}
