using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void PairsImagesAndLabelsByName([Values("images", "raw")] string images, [Values("labels", "instances")] string labels)
    {
        foreach (var part in new[] { "train", "val" })
        {
            Png($"{part}/{images}/b.png");
            Png($"{part}/{images}/a.png");
            Tiff($"{part}/{labels}/a.tif");
            Png($"{part}/{labels}/b.png");
            Png($"{part}/{labels}/unused.png");
            _folder.Write($"{part}/{images}/notes.txt", [1]);
        }
        Png($"val/{images}/c.png");
        Png($"val/{labels}/c.png");
        var data = DataFolder.Open(_folder.Path);
        Assert.That(Names(data.Train), Is.EqualTo("a b"));
        Assert.That(Names(data.Validation), Is.EqualTo("a b c"));
        Assert.That(data.Train[0].LabelPath, Does.EndWith("a.tif"));
        var (image, label) = data.Train[0].Load();
        Assert.That(image.HasExtentsOf(label), Is.True);
        Assert.That(DataFolder.Open(_folder.Path, validation: _folder.File("train")).Validation, Has.Count.EqualTo(2));
    }

    [Test]
    public void FindsHdf5Files()
    {
        foreach (var name in new[] { "train/y.h5", "train/x.hdf5", "val/z.h5" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
            Hdf5File.WriteLabels(_folder.File(name), new Volume<int>([1, 0, 2], 1, 1, 3), "cells");
        }
        var data = DataFolder.Open(_folder.Path, selection: new DataSelection { RawName = "cells", LabelName = "cells" });
        Assert.That(Names(data.Train), Is.EqualTo("x y"));
        Assert.That(data.Validation.Single().Load().Labels.Data[2], Is.EqualTo(2));
        var single = DataFolder.Open(_folder.File("val/z.h5"), selection: new DataSelection { RawName = "cells", LabelName = "cells" });
        Assert.That((Names(single.Train), single.Validation.Count), Is.EqualTo(("z", 0)));
    }

    [TestCase("X.tif", "X_label.tif")]
    [TestCase("X.tif", "X_labels.png")]
    [TestCase("X.tif", "X_masks.tif")]
    [TestCase("X.TIF", "X_cp_masks.png")]
    [TestCase("X.tiff", "X_segm.tiff")]
    [TestCase("X_rgb.png", "X_label.png")]
    [TestCase("X_raw.tif", "X_instances.tif")]
    public void PairsByEnding(string image, string label)
    {
        Any(image);
        Any(label);
        var item = DataFolder.Open(_folder.Path).Train.Single();
        Assert.That((Path.GetFileName(item.ImagePath), Path.GetFileName(item.LabelPath)), Is.EqualTo((image, label)));
        Assert.That(DataFolder.Open(_folder.File(image)).Train.Single().LabelPath, Is.EqualTo(_folder.File(label)));
    }

    [Test]
    public void OtherFilesOfALabelledImageAreIgnored()
    {
        foreach (var name in new[] { "p1_rgb.png", "p1_label.png", "p1_fg.png", "p1_centers.png", "p2_rgb.png", "p2_label.png" })
            Png(name);
        Assert.That(Names(DataFolder.Open(_folder.Path).Train), Is.EqualTo("p1_rgb p2_rgb"));
    }

    [Test]
    public void MissingLabelsAreNamed()
    {
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            Png($"images/{name}.png");
        Png("labels/c.png");
        Assert.That(() => DataFolder.Open(_folder.Path),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{_folder.Path}: 4 of 5 images have no labels: a, b, d and 1 more."));
        Assert.That(DataFolder.Find(_folder.Path, new DataSelection { Labelled = false }), Has.Count.EqualTo(5));
    }

    [Test]
    public void LabelsThatAreCalledOtherwiseAreNamedBesideTheImages()
    {
        Png("images/a.png");
        Png("images/b.png");
        Png("labels/a_label.png");
        Png("labels/b_label.png");
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{_folder.Path}: 2 of 2 images have no labels: a, b; {_folder.File("labels")} has a_label, b_label."));
    }

    [Test]
    public void AFolderOfLabelsThatIsMissingIsSaid()
    {
        Png("images/a.png");
        Png("truth/a.png");
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{_folder.Path}: 1 of 1 images have no labels: a; there is no folder labels, instances or masks."));
    }

    [Test]
    public void NamesWhoseAccentsAreWrittenOtherwiseAreExplained()
    {
        Png("images/caf\u00e9.png");
        Png("labels/cafe\u0301.png");
        if (Directory.GetFiles(_folder.File("labels"), "caf\u00e9.png").Length > 0)
            Assert.Ignore("This file system takes both names for one.");
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.Contains("accents apart from their letters"));
    }

    [Test]
    public void FoldersMayBeCalledMasksAndBeginWithACapital()
    {
        Png("Train/Images/a.png");
        Png("Train/Masks/a.png");
        Png("VAL/images/b.png");
        Png("VAL/labels/b.png");
        var data = DataFolder.Open(_folder.Path);
        Assert.That((Names(data.Train), Names(data.Validation)), Is.EqualTo(("a", "b")));
        Assert.That(data.Train[0].LabelPath, Does.EndWith("a.png"));
    }

    [Test]
    public void ImagesOfOtherFormatsAreNamedWhereNothingElseIsFound()
    {
        _folder.Write("images/a.jpg", [1]);
        _folder.Write("images/b.JPG", [1]);
        _folder.Write("images/c.czi", [1]);
        _folder.Write("images/notes.txt", [1]);
        Png("labels/a.png");
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.Contains(
            "no images found (3 files are passed over: .czi, .jpg are not read)"));
        Png("images/a.png");
        File.Move(_folder.File("labels/a.png"), _folder.File("labels/a.bmp"));
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.Contains(
            "1 of 1 images have no labels: a; " + _folder.File("labels") + ": one file is passed over: .bmp is not read"));
    }

    [Test]
    public void TwoLabelsOfOneImageAreAnError()
    {
        Png("images/a.png");
        Png("labels/a.png");
        Tiff("labels/a.tif");
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.Contains("two label files for 'a'"));
    }

    [Test]
    public void EmptyAndMissingFoldersAreErrors()
    {
        Assert.That(() => DataFolder.Open(_folder.Path), Throws.TypeOf<InputException>().With.Message.Contains("no images found"));
        Assert.That(() => DataFolder.Open(_folder.File("no")), Throws.TypeOf<InputException>().With.Message.Contains("no such file or folder"));
        Png("images/a.png");
        Png("labels/a.png");
        Assert.That(() => DataFolder.Open(_folder.Path, validation: _folder.File("no")), Throws.TypeOf<InputException>());
    }

    [Test]
    public void SizesThatDifferAreNamed()
    {
        Png("images/a.png", 3, 4);
        Png("labels/a.png", 3, 5);
        var item = DataFolder.Open(_folder.Path).Train.Single();
        Assert.That(item.Load, Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{_folder.File("labels/a.png")} is 3x5 but its image {_folder.File("images/a.png")} is 3x4."));
    }

    [Test]
    public void LabelsWithoutAnyObjectAreAnError()
    {
        Png("images/a.png");
        Png("images/b.png");
        Png("labels/a.png", label: 0);
        Png("labels/b.png", label: 0);
        Assert.That(() => DataFolder.RequireObjects(DataFolder.Open(_folder.Path).Train),
            Throws.TypeOf<InputException>().With.Message.Contains("no labelled object in any of 2 label files"));
        Png("labels/b.png", label: 1);
        DataFolder.RequireObjects(DataFolder.Open(_folder.Path).Train);
    }

    [TestCase(2, 1)]
    [TestCase(4, 1)]
    [TestCase(5, 1)]
    [TestCase(6, 2)]
    [TestCase(10, 2)]
    public void TheLastFifthBecomesValidation(int count, int held)
    {
        for (var i = 0; i < count; i++)
        {
            Png($"images/{i:D2}.png");
            Png($"labels/{i:D2}.png");
        }
        var data = DataFolder.Open(_folder.Path).WithValidation();
        Assert.That((data.Train.Count, data.Validation.Count), Is.EqualTo((count - held, held)));
        Assert.That(data.Validation[^1].Name, Is.EqualTo($"{count - 1:D2}"));
    }

    [TestCase(9, 4, 5, 6, 3)]
    [TestCase(2, 8, 5, 6, 2)]
    [TestCase(2, 3, 5, 3, 2)]
    public void TheLastQuarterOfASingleVolumeBecomesValidation(int depth, int height, int width, int first, int last)
    {
        var path = _folder.File("a.h5");
        var labels = new Volume<int>([.. Enumerable.Range(0, depth * height * width)], depth, height, width) { VoxelSize = new VoxelSize(3, 2, 1) };
        Hdf5File.WriteLabels(path, labels, "label");
        var data = DataFolder.Open(path, selection: new DataSelection { RawName = "label" }).WithValidation();
        var (train, val) = (data.Train.Single().Load().Labels, data.Validation.Single().Load().Labels);
        var longest = Math.Max(depth, Math.Max(height, width));
        Assert.That((train.VoxelCount, val.VoxelCount), Is.EqualTo((labels.VoxelCount / longest * first, labels.VoxelCount / longest * last)));
        Assert.That(train.Data.Concat(val.Data).Order(), Is.EqualTo(labels.Data));
        Assert.That(val.Data[^1], Is.EqualTo(labels.Data[^1]));
        Assert.That(val.VoxelSize, Is.EqualTo(labels.VoxelSize));
    }

    private static string Names(IEnumerable<DataItem> items) => string.Join(' ', items.Select(item => item.Name));

    private void Any(string name)
    {
        if (InputFile.KindOf(name) == FileKind.Png)
            Png(name);
        else
            Tiff(name);
    }

    private void Png(string name, int height = 2, int width = 3, int label = 1) =>
        _folder.Write(name, TestPng.Encode([.. Enumerable.Repeat(label, height * width)], width, height, 0, 8));

    private void Tiff(string name) =>
        _folder.Write(name, new TestTiff(bigEndian: false) { Width = 3, Height = 2 }.Page(2, [[1, 2, 3, 4, 5, 6]]).ToArray());
}
