using System.Globalization;
using System.Text.RegularExpressions;
using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// What ImageJ's description line says of a stack, and the voxel size: resolution tags (pixels per unit) and the description's unit and
/// spacing. Sizes are in micrometres; without a stated unit of length there is none, as screen resolutions say nothing about the sample.
/// </summary>
internal static partial class TiffVoxelSize
{
    /// <summary>The voxel size of a stack of <paramref name="depth"/> slices.</summary>
    public static VoxelSize? Read(Tiff tiff, string description, int depth)
    {
        var imageJ = description.StartsWith("ImageJ=", StringComparison.Ordinal);
        var unit = imageJ ? Micrometres(Text(description, "unit")) : null;
        unit ??= tiff.GetField(TiffTag.RESOLUTIONUNIT)?[0].ToInt() == (int)ResUnit.CENTIMETER ? 10_000 : null;
        var x = tiff.GetField(TiffTag.XRESOLUTION)?[0].ToDouble() ?? 0;
        var y = tiff.GetField(TiffTag.YRESOLUTION)?[0].ToDouble() ?? 0;
        if (unit is null || !(x > 0 && y > 0))
            return null;
        // ImageJ leaves a spacing of 1 out.
        double? spacing = double.TryParse(Text(description, "spacing"), CultureInfo.InvariantCulture, out var stated) ? stated : imageJ ? 1 : null;
        var z = depth == 1 ? 1 / y : spacing;
        var size = new VoxelSize((z ?? 0) * unit.Value, unit.Value / y, unit.Value / x);
        return double.IsFinite(size.Z) && size.Z > 0 && double.IsFinite(size.Y) && double.IsFinite(size.X) ? size : null;
    }

    /// <summary>A whole number of ImageJ's description, such as <c>slices</c>; 1 where it is not stated.</summary>
    public static int Count(string description, string key) =>
        description.StartsWith("ImageJ=", StringComparison.Ordinal)
        && int.TryParse(Text(description, key), CultureInfo.InvariantCulture, out var count) && count >= 1 ? count : 1;

    /// <summary>States slices and voxel size on the page about to be written, as ImageJ does.</summary>
    public static void Write(Tiff tiff, int depth, VoxelSize? voxelSize)
    {
        var description = $"ImageJ=1.54f\nimages={depth}\nslices={depth}\nloop=false\n";
        if (voxelSize is { } size)
        {
            description += string.Create(CultureInfo.InvariantCulture, $"unit=micron\nspacing={size.Z:R}\n");
            tiff.SetField(TiffTag.RESOLUTIONUNIT, ResUnit.NONE);
            tiff.SetField(TiffTag.XRESOLUTION, 1 / size.X);
            tiff.SetField(TiffTag.YRESOLUTION, 1 / size.Y);
        }
        tiff.SetField(TiffTag.IMAGEDESCRIPTION, description);
    }

    private static string Text(string description, string key)
    {
        foreach (Match line in Line().Matches(description))
            if (line.Groups[1].Value == key)
                return line.Groups[2].Value.Trim();
        return "";
    }

    private static double? Micrometres(string unit) => unit switch
    {
        "micron" or "microns" or "micrometer" or "um" or "\u00B5m" or "\u03BCm" or @"\u00B5m" or @"\u03BCm" => 1,
        "nm" or "nanometer" => 1e-3,
        "mm" or "millimeter" => 1e3,
        "cm" or "centimeter" => 1e4,
        "m" or "meter" => 1e6,
        "inch" or "in" => 25_400,
        _ => null,
    };

    [GeneratedRegex(@"^(\w+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
