using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Pictures;

/// <summary>An RGB picture in memory, rows top to bottom.</summary>
internal sealed class Picture
{
    /// <summary>A picture of one colour.</summary>
    public Picture(int width, int height, Rgb background = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        (Width, Height) = (width, height);
        Pixels = new byte[checked(3 * width * height)];
        if (background != Rgb.Black)
            for (var i = 0; i < width * height; i++)
                this[i % width, i / width] = background;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Red, green, blue of every pixel.</summary>
    public byte[] Pixels { get; }

    public Rgb this[int x, int y]
    {
        get
        {
            var at = 3 * (y * Width + x);
            return new Rgb(Pixels[at], Pixels[at + 1], Pixels[at + 2]);
        }

        set
        {
            var at = 3 * (y * Width + x);
            (Pixels[at], Pixels[at + 1], Pixels[at + 2]) = (value.Red, value.Green, value.Blue);
        }
    }

    /// <summary>
    /// A slice of an image, stretched so that the 0.5 % darkest values are black and the 0.5 % brightest are white. Three channels are red, green
    /// and blue on one common scale; of another number of channels the first is shown in grey.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="slice">Which slice; the middle one if null.</param>
    public static Picture OfImage(Volume<float> image, int? slice = null)
    {
        var picture = new Picture(image.Width, image.Height);
        var z = slice ?? image.Depth / 2;
        var colours = image.Channels == 3 ? 3 : 1;
        var values = new float[image.Height * image.Width * colours];
        for (var i = 0; i < values.Length; i++)
            values[i] = image[z, i / colours / image.Width, i / colours % image.Width, i % colours];
        var stretch = ValueStretch.Of(values, 0.005);
        for (var i = 0; i < picture.Pixels.Length; i++)
            picture.Pixels[i] = stretch.Apply(values[colours == 3 ? i : i / 3]);
        return picture;
    }

    /// <summary>Every pixel as a square of <paramref name="factor"/> x <paramref name="factor"/>.</summary>
    public Picture Enlarge(int factor)
    {
        var result = new Picture(Width * factor, Height * factor);
        for (var y = 0; y < result.Height; y++)
            for (var x = 0; x < result.Width; x++)
                result[x, y] = this[x / factor, y / factor];
        return result;
    }

    /// <summary>Copies another picture into this one; what lies outside is cut off.</summary>
    public void Draw(Picture picture, int left, int top)
    {
        for (var y = Math.Max(0, -top); y < picture.Height && top + y < Height; y++)
            for (var x = Math.Max(0, -left); x < picture.Width && left + x < Width; x++)
                this[left + x, top + y] = picture[x, y];
    }

    /// <summary>Writes an 8-bit RGB PNG.</summary>
    public void WritePng(string path) => PngFile.WriteRgb(path, Pixels, Height, Width, ResultMark.Picture);
}
