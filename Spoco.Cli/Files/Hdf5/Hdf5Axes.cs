using System.Text.Json;
using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// Which axis of a dataset is what; -1 for those it lacks. The names come from the attributes <c>axes</c> (ours), <c>axistags</c> (vigra, ilastik) or
/// <c>DIMENSION_LABELS</c> (HDF5's own); without any, two axes are y and x, three z, y and x, four c, z, y and x, and five t, c, z, y and x. Axes of
/// extent 1 may be anywhere.
/// </summary>
internal readonly record struct Hdf5Axes(int C, int Z, int Y, int X)
{
    private const string Known = "tczyx";

    // No image is so narrow where it is so high: these are red, green and blue, or stains.
    private const int MostChannels = 4;
    private const int LeastSide = 16;

    /// <exception cref="InputException">The dataset has other axes, or several frames.</exception>
    public static Hdf5Axes Of(string path, string name, Hdf5Dataset dataset)
    {
        var extents = dataset.Extents;
        var named = Named(dataset);
        var axes = named ?? Usual(extents)
            ?? throw new InputException($"{path}: dataset '{name}' has shape {Text(extents)}; [Y,X], [Z,Y,X] or [C,Z,Y,X] are read.");
        var frames = axes.IndexOf('t') is >= 0 and var t ? extents[t] : 1;
        if (frames > 1)
            throw new InputException($"{path}: dataset '{name}' has {frames} frames ({axes}, shape {Text(extents)}); "
                + "time series are not read, write each frame on its own.");
        return new Hdf5Axes(axes.IndexOf('c'), axes.IndexOf('z'), axes.IndexOf('y'), axes.IndexOf('x'));
    }

    /// <summary>Refuses an image whose last axis looks like channels and is not said to be any: as a volume it would be a few voxels wide.</summary>
    /// <exception cref="InputException">It does; the message says how to name the axes.</exception>
    public static void RequireWide(string path, string name, Hdf5Dataset dataset)
    {
        var extents = dataset.Extents;
        if (extents.Length is not (3 or 4) || extents[^1] is < 2 or > MostChannels || extents[..^1].Any(extent => extent < LeastSide)
            || Named(dataset) is not null)
            return;
        throw new InputException($"{path}: dataset '{name}' has shape {Text(extents)} and names no axes: an image {extents[^1]} voxels wide? "
            + $"If its last axis is channels, say so: in Python, f[\"{name}\"].attrs[\"axes\"] = \"{(extents.Length == 3 ? "yxc" : "zyxc")}\".");
    }

    private static string Text(ulong[] extents) => $"[{string.Join(", ", extents)}]";

    /// <summary>The axes as an attribute names them; null where none does.</summary>
    private static string? Named(Hdf5Dataset dataset) =>
        Fitting(dataset, string.Concat(dataset.Attributes.Texts("axes") ?? []))
        ?? Fitting(dataset, VigraKeys(string.Concat(dataset.Attributes.Texts("axistags") ?? [])))
        ?? Fitting(dataset, string.Concat((dataset.Attributes.Texts("DIMENSION_LABELS") ?? []).Select(label => label.Length == 1 ? label : "?")));

    private static string? Fitting(Hdf5Dataset dataset, string names)
    {
        var axes = new string([.. names.Where(char.IsAsciiLetter).Select(char.ToLowerInvariant)]);
        return axes.Length == dataset.Extents.Length && axes.All(axis => Known.Contains(axis)) && axes.Distinct().Count() == axes.Length
            && axes.Contains('y') && axes.Contains('x') ? axes : null;
    }

    /// <summary>The keys of vigra's JSON: {"axes": [{"key": "z", ...}, ...]}.</summary>
    private static string VigraKeys(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.Length == 0 ? "{}" : json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("axes", out var axes)
                && axes.ValueKind == JsonValueKind.Array
                ? string.Concat(axes.EnumerateArray().Select(axis =>
                    axis.ValueKind == JsonValueKind.Object && axis.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String
                        ? key.GetString() : "?"))
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static string? Usual(ulong[] extents)
    {
        // More axes than there are names: those of extent 1 say nothing, the first are left out first.
        var axes = new char[extents.Length];
        Array.Fill(axes, '-');
        var kept = Enumerable.Range(0, extents.Length).ToList();
        while (kept.Count > Known.Length && kept.Find(axis => extents[axis] == 1) is var single && extents[single] == 1)
            kept.Remove(single);
        // One channel that comes last.
        var last = kept.Count is 3 or 4 or 5 && extents[kept[^1]] == 1 && kept.Take(kept.Count - 1).Count(axis => extents[axis] > 1) >= 2
            && extents[kept[^2]] > 1;
        var names = kept.Count switch
        {
            2 => "yx",
            3 => last ? "yxc" : "zyx",
            4 => last ? "zyxc" : "czyx",
            5 => last ? "tzyxc" : Known,
            _ => null,
        };
        if (names is null)
            return null;
        for (var i = 0; i < kept.Count; i++)
            axes[kept[i]] = names[i];
        return new string(axes);
    }
}
