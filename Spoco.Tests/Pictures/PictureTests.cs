using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Engine;

namespace Spoco.Tests.Pictures;

public sealed class PictureTests
{
    private static readonly Rgb Red = new(255, 0, 0);

    [Test]
    public void Grey_images_are_stretched()
    {
        var picture = Picture.OfImage(new Volume<float>([.. Enumerable.Range(0, 256).Select(i => 3f * i - 100)], 1, 16, 16));
        Assert.That(picture[0, 0], Is.EqualTo(Rgb.Black));
        Assert.That(picture[15, 15], Is.EqualTo(Rgb.White));
        Assert.That(picture[0, 8].Red, Is.InRange(126, 130));
        Assert.That(picture[0, 8], Is.EqualTo(new Rgb(picture[0, 8].Red, picture[0, 8].Red, picture[0, 8].Red)));
    }

    [Test]
    public void Colour_images_keep_their_colours_and_volumes_show_the_middle_slice()
    {
        var image = new Volume<float>(3, 2, 2, 3) { [1, 0, 1, 0] = 4, [1, 1, 0, 1] = 4, [1, 1, 0, 2] = 2 };
        var picture = Picture.OfImage(image);
        Assert.That(picture[1, 0], Is.EqualTo(Red));
        Assert.That(picture[0, 1], Is.EqualTo(new Rgb(0, 255, 128)));
        Assert.That(Picture.OfImage(image, slice: 0).Pixels, Is.All.Zero);
    }

    [Test]
    public void Constant_images_and_values_that_are_not_numbers_are_black()
    {
        Assert.That(Picture.OfImage(new Volume<float>([.. Enumerable.Repeat(5f, 12)], 1, 3, 4)).Pixels, Is.All.Zero);
        Assert.That(Picture.OfImage(new Volume<float>([float.NaN, 1, 2, 3], 1, 2, 2))[0, 0], Is.EqualTo(Rgb.Black));
    }

    [Test]
    public void Enlarging_repeats_pixels()
    {
        var picture = new Picture(2, 1) { [1, 0] = Red };
        var large = picture.Enlarge(3);
        Assert.That((large.Width, large.Height), Is.EqualTo((6, 3)));
        for (var i = 0; i < 18; i++)
            Assert.That(large[i % 6, i / 6], Is.EqualTo(i % 6 < 3 ? Rgb.Black : Red));
    }

    [Test]
    public void A_written_picture_is_read_back()
    {
        var picture = new Picture(7, 5, Rgb.White) { [3, 2] = new Rgb(1, 2, 3) };
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.png");
        try
        {
            picture.WritePng(path);
            Assert.That(PngFile.Read<float>(path).Data, Is.EqualTo(picture.Pixels.Select(v => (float)v)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Label_colours_differ_are_stable_and_leave_0_black()
    {
        Assert.That(LabelColours.Of(0), Is.EqualTo(Rgb.Black));
        var colours = Enumerable.Range(1, 60).Select(LabelColours.Of).ToArray();
        Assert.That(colours.Distinct().Count(), Is.EqualTo(60));
        Assert.That(colours.Min(c => c.Red + c.Green + c.Blue), Is.GreaterThan(150), "all stand out from black");
        for (var i = 1; i < colours.Length; i++)
            Assert.That(Math.Abs(Luma(colours[i]) - Luma(colours[i - 1])), Is.GreaterThan(15), $"labels {i} and {i + 1} differ in lightness");
        Assert.That(() => LabelColours.Of(int.MaxValue), Throws.Nothing);
        Assert.That(() => LabelColours.Of(-1), Throws.Nothing);

        static double Luma(Rgb c) => 0.2126 * c.Red + 0.7152 * c.Green + 0.0722 * c.Blue;
    }

    [Test]
    public void Overlays_colour_boundaries_and_leave_the_background()
    {
        var labels = new Volume<int>(1, 5, 6);
        for (var i = 0; i < 9; i++)
            labels[0, 1 + i / 3, 1 + i % 3] = 4;
        var grey = new Picture(6, 5, new Rgb(100, 100, 100));
        var (lines, filled) = (Overlay.Boundaries(grey, labels), Overlay.Filled(grey, labels, opacity: 0.5));
        var colour = LabelColours.Of(4);
        for (var i = 0; i < 30; i++)
        {
            var (x, y) = (i % 6, i / 6);
            var ring = labels[0, y, x] != 0 && (x, y) != (2, 2);
            Assert.That(lines[x, y], Is.EqualTo(ring ? colour : grey[x, y]), $"{x}, {y}");
        }

        Assert.That(filled[2, 2], Is.EqualTo(grey[2, 2].Under(colour, 0.5)));
        Assert.That(filled[0, 0], Is.EqualTo(grey[0, 0]));
        Assert.That(() => Overlay.Filled(new Picture(5, 5), labels), Throws.ArgumentException);
    }

    [Test]
    public void Text_is_drawn_dot_by_dot_and_cut_off_at_the_edges()
    {
        var picture = new Picture(12, 9);
        BitmapFont.Draw(picture, "T", 1, 1, Rgb.White);
        var dots = Enumerable.Range(0, 108).Where(i => picture[i % 12, i / 12] == Rgb.White).ToHashSet();
        var expected = Enumerable.Range(1, 5).Select(x => 12 + x).Concat(Enumerable.Range(1, 7).Select(y => y * 12 + 3)).ToHashSet();
        Assert.That(dots, Is.EquivalentTo(expected));
        Assert.That(() => BitmapFont.Draw(picture, "~ é|g", -9, -3, Red, 3), Throws.Nothing);
        Assert.That(BitmapFont.WidthOf("ab", 2), Is.EqualTo(22));
        Assert.That(BitmapFont.WidthOf(""), Is.Zero);
    }

    [Test]
    public void Panels_place_pictures_in_columns_under_their_titles()
    {
        var (small, large) = (new Picture(20, 10, Red), new Picture(30, 15, Rgb.Black));
        var panel = Panel.Compose([[new("one", small), new("two", large)], [new("", large)]], margin: 4);
        Assert.That((panel.Width, panel.Height), Is.EqualTo((30 + 30 + 3 * 4, 15 + 15 + 7 + 4 + 3 * 4)));
        Assert.That(panel[4, 4 + 11], Is.EqualTo(Red));
        Assert.That(panel[38, 4 + 11], Is.EqualTo(Rgb.Black));
        Assert.That(panel[4, 15 + 4 + 15], Is.EqualTo(Rgb.Black), "the second row has no titles");
        Assert.That(panel[0, 0], Is.EqualTo(Rgb.White));
        Assert.That(() => Panel.Compose([]), Throws.ArgumentException);
    }
}
