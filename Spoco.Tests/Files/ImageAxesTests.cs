using NUnit.Framework;
using NUnit.Framework.Constraints;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture]
internal sealed class ImageAxesTests
{
    private const string Path = "a.tif";

    [Test]
    public void WithoutADescriptionPagesAreSlices([Values("", "a description", "{}", "{\"shape\": 3}", "{\"shape\": [", "[1, 2]")] string description)
    {
        var axes = Of(description, pages: 3);
        Assert.That((axes.Slices, axes.Channels, axes.Follow), Is.EqualTo((3, 1, false)));
        Assert.That(axes.Planes, Is.EqualTo(new[] { 0, 1, 2 }));
    }

    [TestCase("XYCZT", new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("XYCTZ", new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("XYTCZ", new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("XYZCT", new[] { 0, 3, 1, 4, 2, 5 })]
    [TestCase("XYZTC", new[] { 0, 3, 1, 4, 2, 5 })]
    [TestCase("XYTZC", new[] { 0, 3, 1, 4, 2, 5 })]
    public void OmeOrdersPlanesByTheDimensionOrder(string order, int[] planes)
    {
        foreach (var placed in new[] { "", "<TiffData/>", "<TiffData IFD=\"0\" PlaneCount=\"6\"/>" })
        {
            var axes = Of(Ome($"DimensionOrder=\"{order}\" SizeC=\"2\" SizeZ=\"3\" SizeT=\"1\"", placed), pages: 6);
            Assert.That((axes.Slices, axes.Channels), Is.EqualTo((3, 2)));
            Assert.That(axes.Planes, Is.EqualTo(planes), placed);
        }
    }

    [Test]
    public void OmePlacesEachPlane()
    {
        var placed = string.Concat(from z in Enumerable.Range(0, 2) from c in Enumerable.Range(0, 2)
            select $"<TiffData FirstC=\"{c}\" FirstZ=\"{z}\" FirstT=\"0\" IFD=\"{3 - (2 * z + c)}\" PlaneCount=\"1\"/>");
        const string Sizes = "DimensionOrder=\"XYCZT\" SizeC=\"2\" SizeZ=\"2\" SizeT=\"1\"";
        Assert.That(Of(Ome(Sizes, placed), pages: 4).Planes, Is.EqualTo(new[] { 3, 2, 1, 0 }));
        // Without numbers of pages they follow each other.
        const string Following = "<TiffData FirstC=\"1\"/><TiffData/><TiffData FirstZ=\"1\"/><TiffData FirstZ=\"1\" FirstC=\"1\"/>";
        Assert.That(Of(Ome(Sizes, Following), pages: 4).Planes, Is.EqualTo(new[] { 1, 0, 2, 3 }));
    }

    [Test]
    public void OmeCountsAllPagesOfTheFileSmallerCopiesIncluded()
    {
        var stored = new StoredPlanes([0, 2], 4, 8, 6);
        var xml = Ome("DimensionOrder=\"XYZCT\" SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\"", "<TiffData IFD=\"0\"/><TiffData IFD=\"2\" FirstZ=\"1\"/>");
        Assert.That(ImageAxes.Of(Path, xml, stored, out _).Planes, Is.EqualTo(new[] { 0, 2 }));
    }

    [Test]
    public void SamplesOfAPixelAreChannelsOfOnePlaneInOme()
    {
        var xml = Ome("DimensionOrder=\"XYCZT\" SizeC=\"3\" SizeZ=\"2\" SizeT=\"1\"", "<Channel SamplesPerPixel=\"3\"/><TiffData/>");
        var axes = ImageAxes.Of(Path, xml, new StoredPlanes([0, 1], 2, 8, 6, Samples: 3), out _);
        Assert.That((axes.Slices, axes.Channels), Is.EqualTo((2, 1)));
    }

    [Test]
    public void TheFirstOfSeveralOmeImagesIsRead()
    {
        var second = "<Image ID=\"Image:1\"><Pixels DimensionOrder=\"XYCZT\" SizeC=\"2\" SizeZ=\"1\" SizeT=\"1\">"
            + "<TiffData IFD=\"2\" PlaneCount=\"2\"/></Pixels></Image>";
        var xml = Ome("DimensionOrder=\"XYCZT\" SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\"", "<TiffData IFD=\"0\" PlaneCount=\"2\"/>")
            .Replace("</OME>", second + "</OME>");
        var axes = Of(xml, pages: 4);
        Assert.That((axes.Slices, axes.Channels, axes.Others), Is.EqualTo((2, 1, 1)));
    }

    [Test]
    public void OmeOfSeveralFilesIsRefused()
    {
        const string Data = "<TiffData IFD=\"0\"><UUID FileName=\"{0}\">urn:uuid:{1}</UUID></TiffData>";
        var sizes = "DimensionOrder=\"XYCZT\" SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\"";
        var two = Ome(sizes, string.Format(null, Data, "a.tif", 1) + string.Format(null, Data, "b.tif", 2));
        Assert.That(() => Of(two, pages: 2), Refused("several files"));
        Assert.That(() => Of("<OME><BinaryOnly MetadataFile=\"a.companion.ome\" UUID=\"urn:uuid:1\"/></OME>", pages: 2), Refused("several files"));
        var renamed = Ome("DimensionOrder=\"XYCZT\" SizeC=\"1\" SizeZ=\"1\" SizeT=\"1\"", string.Format(null, Data, "old.tif", 1));
        Assert.That(Of(renamed, pages: 1).Slices, Is.EqualTo(1));
    }

    [Test]
    public void OmeThatDoesNotFitThePagesIsRefused()
    {
        Assert.That(() => Of(Ome("SizeC=\"2\" SizeZ=\"3\" SizeT=\"1\"", ""), pages: 5), Refused("2 channels x 3 slices", "5 pages"));
        Assert.That(() => Of(Ome("SizeC=\"2000000000\" SizeZ=\"2000000000\" SizeT=\"1\"", ""), pages: 5), Refused("5 pages"));
        Assert.That(() => Of(Ome("SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\"", "<TiffData IFD=\"7\" PlaneCount=\"2\"/>"), pages: 2), Refused("2 pages"));
        Assert.That(() => Of(Ome("SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\"", "<TiffData FirstZ=\"5\"/>"), pages: 2), Refused("outside"));
        Assert.That(() => Of(Ome("SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\"", "<TiffData PlaneCount=\"2000000000\"/>"), pages: 2), Refused("outside"));
        Assert.That(() => Of("<OME><Image>", pages: 2), Refused("its OME-XML is damaged (line 1"));
        Assert.That(() => Of("<?xml version=\"1.0\"?><!DOCTYPE OME [<!ENTITY a \"b\">]><OME>&a;</OME>", pages: 2), Refused("damaged"));
    }

    [Test]
    public void ATimeSeriesIsRefusedWithItsFrames()
    {
        Assert.That(() => Of("ImageJ=1.53\nimages=32\nslices=16\nframes=2\nhyperstack=true\n", pages: 32),
            Refused("a time series of 2 frames of 16 slices", "Fiji"));
        Assert.That(() => Of("ImageJ=1.53\nimages=5\nframes=5\n", pages: 5), Refused("5 frames of 1 slice;"));
        Assert.That(() => Of(Ome("SizeC=\"1\" SizeZ=\"4\" SizeT=\"3\"", "<TiffData/>"), pages: 12), Refused("3 frames of 4 slices"));
        Assert.That(() => Of("{\"shape\": [3, 4, 6, 8], \"axes\": \"TZYX\"}", pages: 12), Refused("3 frames of 4 slices"));
    }

    [Test]
    public void ImageJCountsChannelsFirst()
    {
        Assert.That(Of("ImageJ=1.53\nimages=6\nchannels=2\nslices=3\n", pages: 6).Planes, Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(Of("ImageJ=1.53\nimages=6\n", pages: 6).Slices, Is.EqualTo(6));
        // A description that other pages have kept.
        Assert.That(Of("ImageJ=1.53\nimages=6\nslices=6\n", pages: 4).Slices, Is.EqualTo(4));
        Assert.That(() => Of("ImageJ=1.53\nimages=6\nchannels=2\nslices=3\n", pages: 4), Refused("2 channels x 3 slices", "4 pages"));
        Assert.That(() => Of("ImageJ=1.53\nimages=2000000000\nslices=2000000000\n", pages: 1), Refused("declares 2000000000 images"));
    }

    [Test]
    public void PlanesMayFollowASinglePage()
    {
        var axes = ImageAxes.Of(Path, "ImageJ=1.53\nimages=4\nchannels=2\nslices=2\n", new StoredPlanes([0], 1, 8, 6, Following: 4), out _);
        Assert.That((axes.Slices, axes.Channels, axes.Follow), Is.EqualTo((2, 2, true)));
    }

    [TestCase("{\"shape\": [6, 6, 8], \"axes\": \"ZYX\"}", 6, 1, new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("{\"shape\": [6, 6, 8]}", 6, 1, new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("{\"shape\": [1, 6, 1, 6, 8]}", 6, 1, new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("{\"shape\": [6, 6, 8], \"axes\": \"QYX\"}", 6, 1, new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("{\"shape\": [6, 6, 8], \"axes\": \"CYX\"}", 1, 6, new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("{\"shape\": [3, 2, 6, 8], \"axes\": \"ZCYX\"}", 3, 2, new[] { 0, 1, 2, 3, 4, 5 })]
    [TestCase("{\"shape\": [2, 3, 6, 8], \"axes\": \"CZYX\"}", 3, 2, new[] { 0, 3, 1, 4, 2, 5 })]
    [TestCase("{\"shape\": [1, 2, 3, 6, 8], \"axes\": \"TCZYX\"}", 3, 2, new[] { 0, 3, 1, 4, 2, 5 })]
    // Of another array: someone has changed the file since.
    [TestCase("{\"shape\": [9, 9], \"axes\": \"YX\"}", 6, 1, new[] { 0, 1, 2, 3, 4, 5 })]
    public void JsonNamesTheAxes(string description, int slices, int channels, int[] planes)
    {
        var axes = Of(description, pages: 6);
        Assert.That((axes.Slices, axes.Channels), Is.EqualTo((slices, channels)));
        Assert.That(axes.Planes, Is.EqualTo(planes));
    }

    [Test]
    public void JsonWithoutAxesThatLeavesThemOpenIsRefused()
    {
        Assert.That(() => Of("{\"shape\": [2, 3, 6, 8]}", pages: 6), Refused("2 x 3 images of 6 x 8", "axes"));
        Assert.That(() => Of("{\"shape\": [6, 8, 6], \"axes\": \"YXC\"}", pages: 6), Refused("axes YXC", "last"));
        Assert.That(() => Of("{\"shape\": [2, 3, 6, 8], \"axes\": \"ZAYX\"}", pages: 6), Refused("axes ZAYX are not read"));
        Assert.That(() => Of("{\"shape\": [7, 6, 8], \"axes\": \"ZYX\"}", pages: 6), Refused("declares 7 images"));
    }

    [Test]
    public void JsonOfAnArrayOfPixelsWithSeveralSamples()
    {
        var interleaved = new StoredPlanes([0, 1], 2, 8, 6, Samples: 3);
        var planar = new StoredPlanes([0, 1], 2, 8, 6, Samples: 3, Planar: true);
        foreach (var (description, stored) in new[]
        {
            ("{\"shape\": [2, 6, 8, 3], \"axes\": \"ZYXS\"}", interleaved), ("{\"shape\": [2, 6, 8, 3]}", interleaved),
            ("{\"shape\": [2, 3, 6, 8], \"axes\": \"ZSYX\"}", planar), ("{\"shape\": [2, 3, 6, 8], \"axes\": \"ZCYX\"}", planar),
            ("{\"shape\": [2, 3, 6, 8]}", planar),
        })
        {
            var axes = ImageAxes.Of(Path, description, stored, out _);
            Assert.That((axes.Slices, axes.Channels), Is.EqualTo((2, 1)), description);
        }
    }

    [Test]
    public void SlicesOfOnePageAreNotCountedTwice()
    {
        var volume = new StoredPlanes([0], 1, 8, 6, Depth: 7);
        foreach (var description in new[] { "{\"shape\": [7, 6, 8]}", "{\"shape\": [7, 6, 8], \"axes\": \"ZYX\"}", "" })
            Assert.That(ImageAxes.Of(Path, description, volume, out _).Slices, Is.EqualTo(1), description);
    }

    [Test]
    public void OmeStatesSizesWithUnits([Values("\u00B5m", "nm", "mm", null)] string? unit)
    {
        var text = unit is null ? "" : string.Concat("XYZ".Select(axis => $" PhysicalSize{axis}Unit=\"{unit}\""));
        var factor = unit switch { "nm" => 1e-3, "mm" => 1e3, _ => 1 };
        var xml = Ome($"SizeC=\"1\" SizeZ=\"2\" SizeT=\"1\" PhysicalSizeX=\"2\" PhysicalSizeY=\"3\" PhysicalSizeZ=\"4\"{text}", "");
        ImageAxes.Of(Path, xml, new StoredPlanes([0, 1], 2, 8, 6), out var declared);
        Assert.That((declared.SizeX, declared.SizeY, declared.SizeZ), Is.EqualTo((2 * factor, 3 * factor, 4 * factor)));
    }

    private static ImageAxes Of(string description, int pages) =>
        ImageAxes.Of(Path, description, new StoredPlanes([.. Enumerable.Range(0, pages)], pages, 8, 6), out _);

    private static string Ome(string sizes, string inside) =>
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image ID=\"Image:0\">"
        + $"<Pixels ID=\"Pixels:0\" Type=\"uint8\" SizeX=\"8\" SizeY=\"6\" {sizes}>{inside}</Pixels></Image></OME>";

    private static Constraint Refused(params string[] words)
    {
        Constraint constraint = Throws.TypeOf<InputException>().With.Message.StartsWith("a.tif: ");
        foreach (var word in words)
            constraint = constraint.And.Message.Contains(word);
        return constraint;
    }
}
