using Spoco.Engine;

namespace Spoco.Cli.Pictures;

/// <summary>
/// A colour per label that depends on its number alone. Hues advance by the golden angle and lightness by three steps in Oklab (B. Ottosson,
/// "A perceptual color space for image processing", 2020): consecutive labels are far apart in both, so that they differ also for those who see
/// fewer hues. 0 is black.
/// </summary>
internal static class LabelColours
{
    private const double GoldenPart = 0.6180339887498949;

    public static Rgb Of(int label)
    {
        if (label == 0)
            return Rgb.Black;
        var number = (uint)label;
        var angle = 2 * Math.PI * (number * GoldenPart % 1);
        var (lightness, chroma) = (number % 3) switch { 1 => (0.74, 0.14), 2 => (0.58, 0.15), _ => (0.88, 0.1) };
        return FromOklab(lightness, chroma * Math.Cos(angle), chroma * Math.Sin(angle));
    }

    /// <summary>A slice of a label volume in colours; the middle one if <paramref name="slice"/> is null.</summary>
    public static Picture Draw(Volume<int> labels, int? slice = null)
    {
        var picture = new Picture(labels.Width, labels.Height);
        for (var y = 0; y < labels.Height; y++)
            for (var x = 0; x < labels.Width; x++)
                picture[x, y] = Of(labels[slice ?? labels.Depth / 2, y, x]);
        return picture;
    }

    private static Rgb FromOklab(double lightness, double a, double b)
    {
        var l = Math.Pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
        var m = Math.Pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
        var s = Math.Pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
        return new Rgb(
            Encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
            Encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
            Encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s));
    }

    /// <summary>The sRGB transfer function.</summary>
    private static byte Encode(double linear)
    {
        var value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.Pow(linear, 1 / 2.4) - 0.055;
        return (byte)Math.Round(255 * Math.Clamp(value, 0, 1));
    }
}
