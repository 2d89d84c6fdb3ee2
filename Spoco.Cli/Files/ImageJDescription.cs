using System.Globalization;
using System.Text.RegularExpressions;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>The lines <c>key=value</c> in which ImageJ describes a stack; its planes are ordered channel, slice, frame.</summary>
internal static partial class ImageJDescription
{
    /// <summary>Reads a description; null where it is none of ImageJ's.</summary>
    public static DeclaredAxes? Read(string path, string description, StoredPlanes stored)
    {
        if (!IsIt(description))
            return null;
        var (channels, slices, frames) = (Count(description, "channels"), Count(description, "slices"), Count(description, "frames"));
        var axes = new DeclaredAxes(frames, slices, channels);
        if (axes.Planes == 1)
            axes = axes with { Slices = Count(description, "images") };
        // Red, green and blue of a page may be counted as channels.
        if (channels == stored.Samples && channels > 1 && axes.Planes == (ulong)stored.Count * (ulong)channels)
            axes = axes with { Channels = 1 };
        // Programs that copy pages leave the description as it was; where it only counts slices, the pages themselves say how many.
        if (stored.Count > 1 && axes.Planes != (ulong)stored.Count)
            axes = axes is { Channels: 1, Frames: 1 }
                ? axes with { Slices = stored.Count }
                : throw new InputException($"{path}: its description declares {channels} channels x {slices} slices x {frames} frames but it has "
                    + $"{stored.Count} pages; save it again with Fiji.");
        var unit = LengthUnit.Micrometres(Text(description, "unit"));
        // A spacing of 1 is left out, and where slices run backwards it is negative.
        double? spacing = double.TryParse(Text(description, "spacing"), CultureInfo.InvariantCulture, out var stated) ? Math.Abs(stated)
            : axes.Slices > 1 ? 1 : null;
        return axes with { Unit = unit, Spacing = spacing, SizeZ = spacing * LengthUnit.Micrometres(Text(description, "zunit")) };
    }

    /// <summary>Whether ImageJ, or another program in its manner, wrote the description.</summary>
    public static bool IsIt(string description) => description.StartsWith("ImageJ=", StringComparison.Ordinal);

    /// <summary>Describes a stack of labels.</summary>
    public static string Of(int slices, VoxelSize? size)
    {
        var description = $"ImageJ=1.54f\nimages={slices}\nslices={slices}\nloop=false\n";
        if (size is not { } voxel)
            return description;
        var (unit, micrometres) = UnitOf(voxel);
        return description + string.Create(CultureInfo.InvariantCulture, $"unit={unit}\nspacing={voxel.Z / micrometres:R}\n");
    }

    /// <summary>The unit in which a voxel's size is written: the resolution's fraction is exact where it is not far below 1.</summary>
    public static (string Name, double Micrometres) UnitOf(VoxelSize size) => Math.Max(size.X, size.Y) < 100 ? ("micron", 1) : ("mm", 1000);

    /// <summary>A whole number such as <c>slices</c>; 1 where it is not stated.</summary>
    private static int Count(string description, string key) =>
        int.TryParse(Text(description, key), CultureInfo.InvariantCulture, out var count) && count >= 1 ? count : 1;

    /// <summary>A key's value; ImageJ writes letters outside ASCII as \u and four digits.</summary>
    private static string Text(string description, string key)
    {
        foreach (Match line in Line().Matches(description))
            if (line.Groups[1].Value == key)
                return Escaped().Replace(line.Groups[2].Value.Trim(), letter => ((char)Convert.ToInt32(letter.Groups[1].Value, 16)).ToString());
        return "";
    }

    [GeneratedRegex(@"^(\w+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})")]
    private static partial Regex Escaped();
}
