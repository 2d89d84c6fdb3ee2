using NUnit.Framework;
using Spoco.Cli.Demo;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PublishedLayoutTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Cvppp()
    {
        PublishedDataSets.Cvppp(_folder.Path);
        var all = DataFolder.Open(_folder.Path).Train;
        Assert.That(Names(all), Is.EqualTo("A1_plant000_rgb A1_plant001_rgb A1_plant002_rgb A1_plant003_rgb A1_plant004_rgb A4_plant005_rgb"));
        var items = DataFolder.Open(_folder.Path, selection: new DataSelection { Subsets = ["A1"] }).Train;
        Assert.That(Names(items), Is.EqualTo("plant000_rgb plant001_rgb plant002_rgb plant003_rgb plant004_rgb"));
        var (image, labels) = items[2].Load();
        Assert.That((image.Channels, image.Height, image.Width), Is.EqualTo((3, 60, 70)));
        Assert.That(labels.Data, Is.EqualTo(SyntheticCells.Draw(21, 2, 60, 70).Labels.Data), "palette indices are the labels");
        Assert.That(() => DataFolder.Open(_folder.Path, selection: new DataSelection { Subsets = ["A7"] }),
            Throws.TypeOf<InputException>().With.Message.Contains("has no subset A7; there are A1, A4"));
    }

    [Test]
    public void CvpppTrainAndValidation()
    {
        PublishedDataSets.Cvppp(_folder.File("train"));
        PublishedDataSets.Cvppp(_folder.File("val"), plants: 2);
        var data = DataFolder.Open(_folder.Path, selection: new DataSelection { Subsets = ["A1"] });
        Assert.That((data.Train.Count, data.Validation.Count), Is.EqualTo((5, 1)));
    }

    [Test]
    public void LabelsStoredAsColours()
    {
        _folder.Write("a_rgb.png", TestPng.Encode([1, 2, 3, 4, 5, 6], 2, 1, 2, 8));
        _folder.Write("a_label.png", TestPng.Encode([0, 0, 0, 1, 2, 3], 2, 1, 2, 8));
        Assert.That(DataFolder.Open(_folder.Path).Train.Single().LoadLabels().Data, Is.EqualTo(new[] { 0, 65536 + 512 + 3 }));
    }

    [TestCase(null, 3, 26, 24)]
    [TestCase("car", 3, 26)]
    [TestCase("person", 3, 24)]
    public void Cityscapes(string? name, int train, params int[] classes)
    {
        PublishedDataSets.Cityscapes(_folder.Path, train);
        var data = DataFolder.Open(_folder.Path, selection: new DataSelection { Class = CityscapesClass.Named(name) });
        Assert.That((data.Train.Count, data.Validation.Count), Is.EqualTo((train + 1, 2)));
        Assert.That(data.Train[0].Name, Is.EqualTo("aachen_000000_000019_leftImg8bit"));
        var (image, labels) = data.Train[0].Load();
        Assert.That(image.Channels, Is.EqualTo(3));
        Assert.That(labels.Data.Where(l => l != 0).Select(l => l / 1000).Distinct(), Is.EquivalentTo(classes), "road and the group are no objects");
        var byAnnotation = DataFolder.Find(_folder.File("gtFine/val"));
        Assert.That(Names(byAnnotation), Is.EqualTo(Names(data.Validation)));
        Assert.That(DataFolder.Find(_folder.File("leftImg8bit/val"))[1].LabelPath, Is.EqualTo(byAnnotation[1].LabelPath));
    }

    [Test]
    public void UnknownClassesAreNamed() => Assert.That(() => CityscapesClass.Named("tree"),
        Throws.TypeOf<InputException>().With.Message.Contains("'tree'").And.Message.Contains("person, rider, car"));

    [Test]
    public void SemanticMasksOfCityscapes()
    {
        PublishedDataSets.Cityscapes(_folder.Path);
        var item = DataFolder.Open(_folder.Path, selection: new DataSelection { Class = CityscapesClass.Named("car") }).Validation[0];
        var cars = Array.ConvertAll(item.LoadLabels().Data, l => l > 0);
        var mask = SemanticMask.Read(_folder.File("gtFine/val"), item.Name, item.Class);
        Assert.That(mask.Data.Skip(1).Select(m => m > 0), Is.EqualTo(cars.Skip(1)));
        Assert.That(mask.Data[0], Is.EqualTo(1), "a group of cars is car");
        var colours = cars.SelectMany(car => car ? new byte[] { 0, 0, 142 } : [128, 64, 128]).ToArray();
        PngFile.WriteRgb(_folder.File("lindau_000000_000019.png"), colours, mask.Height, mask.Width);
        Assert.That(SemanticMask.Read(_folder.Path, item.Name, item.Class).Data.Select(m => m > 0), Is.EqualTo(cars));
        Assert.That(() => SemanticMask.Read(_folder.Path, "other", null), Throws.TypeOf<InputException>().With.Message.Contains("no mask for other"));
    }

    [Test]
    public void Dsb2018()
    {
        PublishedDataSets.Dsb2018(_folder.Path);
        var data = DataFolder.Open(_folder.Path).WithValidation(0.25, seed: 1);
        Assert.That((data.Train.Count, data.Validation.Count), Is.EqualTo((3, 1)));
        foreach (var item in data.Train.Concat(data.Validation))
        {
            var (image, labels) = item.Load();
            var truth = SyntheticCells.Draw(23, int.Parse(item.Name[..2], System.Globalization.CultureInfo.InvariantCulture), 48, 48).Labels;
            Assert.That(image.Channels, Is.EqualTo(3), "alpha is dropped");
            Assert.That(labels.Data, Is.EqualTo(Engine.Segmentation.Relabel.Compact(truth).Labels.Data).Using<int>((a, b) => (a > 0) == (b > 0)));
            Assert.That(labels.Data.Distinct().Count(), Is.EqualTo(truth.Data.Distinct().Count()));
        }
    }

    [Test]
    public void MasksThatOverlapOrDiffer()
    {
        _folder.Write("x/images/x.png", TestPng.Encode([9, 9, 9], 3, 1, 0, 8));
        _folder.Write("x/masks/a.png", TestPng.Encode([255, 255, 0], 3, 1, 0, 8));
        _folder.Write("x/masks/b.png", TestPng.Encode([0, 1, 1], 3, 1, 0, 1));
        Assert.That(DataFolder.Find(_folder.Path)[0].LoadLabels().Data, Is.EqualTo(new[] { 1, 1, 2 }), "the first mask keeps the pixel");
        _folder.Write("x/masks/c.png", TestPng.Encode([255, 255], 2, 1, 0, 8));
        Assert.That(() => DataFolder.Find(_folder.Path)[0].LoadLabels(), Throws.TypeOf<InputException>().With.Message.Contains("c.png"));
        Directory.Delete(_folder.File("x/masks"), recursive: true);
        Assert.That(() => DataFolder.Find(_folder.Path), Throws.TypeOf<InputException>().With.Message.Contains("1 of 1 images have no labels: x"));
    }

    [Test]
    public void Vnc()
    {
        PublishedDataSets.Vnc(_folder.Path);
        var items = DataFolder.Open(_folder.Path).Train;
        Assert.That(Names(items), Is.EqualTo("00 01 02 03 04"));
        Assert.That(Names(DataFolder.Open(_folder.File("stack1")).Train), Is.EqualTo(Names(items)));
        var (image, labels) = items[1].Load();
        Assert.That(image.Channels, Is.EqualTo(1));
        Assert.That(labels.Data.Max(), Is.Positive);
        Assert.That(labels.Data[0], Is.Zero, "below half of 255");
        Assert.That(labels.Data.Where(l => l > 0).CountBy(l => l).All(c => c.Value >= 30));
    }

    /// <summary>Components of the published mask are the instances that were derived from it elsewhere.</summary>
    [Test]
    public void VncAsPublished()
    {
        var shared = SharedData.Path("vnc", "val");
        foreach (var name in new[] { "13", "14", "15" })
        {
            var mask = new DataItem(name, "", System.IO.Path.Combine(shared, "mitochondria", name + ".png"), "raw", "label") { Encoding = LabelEncoding.BinaryMask };
            var instances = InputFile.ReadLabels(System.IO.Path.Combine(shared, "instances", name + ".png"));
            Assert.That(Engine.Segmentation.Relabel.Compact(instances).Labels.Data, Is.EqualTo(mask.LoadLabels().Data), name);
        }
    }

    [Test]
    public void Dsb2018AsPublished()
    {
        var items = DataFolder.Open(SharedData.Path("dsb2018", "original_layout_sample")).Train;
        Assert.That(items, Has.Count.EqualTo(3));
        foreach (var item in items)
        {
            var derived = new[] { "fluo", "histo" }.Select(kind => SharedData.Path("dsb2018", kind, "train", "labels") + $"/{item.Name}.png").First(File.Exists);
            Assert.That(item.LoadLabels().Data, Is.EqualTo(InputFile.ReadLabels(derived).Data), item.Name);
        }
    }

    [Test]
    public void MitoEm()
    {
        PublishedDataSets.MitoEm(_folder.Path);
        var data = DataFolder.Open(_folder.Path);
        Assert.That((Names(data.Train), Names(data.Validation)), Is.EqualTo(("im0000 im0001 im0002", "im0003")));
        Assert.That(data.Validation[0].Load().Labels.Data, Is.EqualTo(SyntheticCells.Draw(25, 3, 56, 56).Labels.Data));
    }

    [Test]
    public void BoxesOfAVolumeAreItsCrops()
    {
        var path = PublishedDataSets.Volume(_folder.File("a.h5"), 19, 33, 47, seed: 3);
        var (image, labels) = DataFolder.Open(path).Train.Single().Load();
        using var raw = Hdf5Volume.Open(path, "raw");
        using var label = Hdf5Volume.Open(path, "label");
        Assert.That(raw.Whole, Is.EqualTo(new VoxelBox(0, 0, 0, 19, 33, 47)));
        var random = new Random(5);
        for (var i = 0; i < 30; i++)
        {
            var (z, y, x) = (random.Next(19), random.Next(33), random.Next(47));
            var box = new VoxelBox(z, y, x, 1 + random.Next(19 - z), 1 + random.Next(33 - y), 1 + random.Next(47 - x));
            Assert.That(raw.Read<float>(box).Data, Is.EqualTo(image.Crop(z, y, x, box.Depth, box.Height, box.Width).Data), $"{box}");
            Assert.That(label.Read<int>(box).Data, Is.EqualTo(labels.Crop(z, y, x, box.Depth, box.Height, box.Width).Data), $"{box}");
        }
    }

    [Test]
    public void ABoxCostsNoMoreMemoryThanItsChunks()
    {
        var path = PublishedDataSets.Volume(_folder.File("a.h5"), 64, 256, 256, seed: 3);
        using var raw = Hdf5Volume.Open(path, "raw");
        var box = new VoxelBox(20, 100, 100, 8, 32, 32);
        raw.Read<float>(box);
        var before = GC.GetAllocatedBytesForCurrentThread();
        raw.Read<float>(box);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(2 << 20), "four chunks; the volume is 16 MiB as floats");
    }

    [Test]
    public void OneNegativeLabelMayBeIgnored()
    {
        var path = PublishedDataSets.Volume(_folder.File("a.h5"), 4, 12, 20, seed: 3, ignored: -1);
        Assert.That(() => DataFolder.Open(path).Train[0].LoadLabels(), Throws.TypeOf<InputException>().With.Message.Contains("-1 at z 0, y 3, x 0 is no label"));
        Assert.That(DataFolder.Open(path, selection: new DataSelection { IgnoreLabel = -1 }).Train[0].LoadLabels().Data, Does.Contain(-1));
        Assert.That(() => DataFolder.Open(path, selection: new DataSelection { IgnoreLabel = -2 }).Train[0].LoadLabels(), Throws.TypeOf<InputException>());
    }

    private static string Names(IEnumerable<DataItem> items) => string.Join(' ', items.Select(item => item.Name));
}
