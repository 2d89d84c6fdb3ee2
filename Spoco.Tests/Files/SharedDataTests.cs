using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Tests.Files;

/// <summary>Reads real images with labels, where they are at hand, and compares them with what their description states.</summary>
[TestFixture]
internal sealed class SharedDataTests
{
    [TestCase("fluo/train", 60, 256, 256, 1943, 10, 79)]
    [TestCase("fluo/val", 15, 256, 256, 412, 10, 60)]
    [TestCase("histo/train", 30, 256, 320, 1231, 12, 97)]
    [TestCase("histo/val", 8, 256, 320, 432, 14, 88)]
    public void Dsb2018(string part, int images, int height, int width, int instances, int fewest, int most)
    {
        var items = DataFolder.Find(SharedData.Path("dsb2018", part));
        Assert.That(items, Has.Count.EqualTo(images));
        var counts = new List<int>();
        foreach (var item in items)
        {
            var (image, labels) = item.Load();
            Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((1, height, width, 3)), item.Name);
            counts.Add(Instances(labels));
            Assert.That(labels.Data.Max(), Is.EqualTo(counts[^1]), item.Name);
            if (part.StartsWith("fluo", StringComparison.Ordinal))
                Assert.That(ImageReading.WithChannels(image, 1, item.ImagePath).Channels, Is.EqualTo(1), item.Name);
        }
        Assert.That((counts.Sum(), counts.Min(), counts.Max()), Is.EqualTo((instances, fewest, most)));
    }

    [Test]
    public void Dsb2018StainedTissueIsColour()
    {
        var item = DataFolder.Find(SharedData.Path("dsb2018", "histo", "val"))[0];
        Assert.That(() => InputFile.ReadImage(item.ImagePath, "raw", channels: 1),
            Throws.TypeOf<InputException>().With.Message.Contains("a colour image"));
    }

    [Test]
    public void VncPairsTiffSectionsWithPngInstances()
    {
        var data = DataFolder.Open(SharedData.Path("vnc"));
        int[] train = [26, 21, 21, 20, 15, 18, 18, 18, 16, 17, 19, 20, 19];
        int[] val = [21, 19, 19];
        Assert.That(data.Train.Select(Count), Is.EqualTo(train));
        Assert.That(data.Validation.Select(Count), Is.EqualTo(val));

        static int Count(DataItem item)
        {
            var (image, labels) = item.Load();
            Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((1, 1024, 1024, 1)));
            return Instances(labels);
        }
    }

    [Test]
    public void VncMasksOfOneAndEightBits()
    {
        foreach (var file in Directory.GetFiles(SharedData.Path("vnc", "train", "membranes")))
            Assert.That(Instances(InputFile.ReadLabels(file)), Is.EqualTo(1), file);
        foreach (var file in Directory.GetFiles(SharedData.Path("vnc", "train", "mitochondria")))
        {
            var mask = InputFile.ReadLabels(file).Data;
            var threshold = mask.Max() / 2;
            Assert.That(mask.Count(value => value > threshold) / (double)mask.Length, Is.InRange(0.03, 0.09), file);
        }
    }

    [Test]
    public void Fib25IsChunkedHdf5WithTheSameSlicesAsPng()
    {
        var item = DataFolder.Open(SharedData.Path("fib25_medulla")).Train.Single();
        var (image, labels) = item.Load();
        Assert.That(image.ToString(), Is.EqualTo("160x250x250"));
        var sizes = labels.Data.Where(label => label > 0).CountBy(label => label).ToList();
        Assert.That((sizes.Count, sizes.Count(label => label.Value >= 1000)), Is.EqualTo((384, 153)));
        Assert.That(labels.Data.Count(label => label == 0) / (double)labels.VoxelCount, Is.EqualTo(0.00002).Within(0.000005));
        Assert.That(labels.VoxelSize, Is.EqualTo(new VoxelSize(0.01, 0.01, 0.01)));
        foreach (var z in new[] { 0, 77, 159 })
            Assert.That(InputFile.ReadImage(SharedData.Path("fib25_medulla", "train", "grayscale_maps", $"iso.{2600 + z}.png")).Data,
                Is.EqualTo(image.Crop(z, 0, 0, 1, 250, 250).Data), $"slice {z}");
    }

    [Test]
    public void Gonuclear()
    {
        var (image, labels) = DataFolder.Open(SharedData.Path("gonuclear", "1135_mini.h5")).Train.Single().Load();
        Assert.That(image.ToString(), Is.EqualTo("100x100x100"));
        Assert.That(image.VoxelSize!.Value.Z, Is.EqualTo(0.2837).Within(5e-5));
        Assert.That(image.VoxelSize!.Value.Y, Is.EqualTo(0.1268).Within(5e-5));
        Assert.That(image.VoxelSize!.Value.X, Is.EqualTo(0.1268).Within(5e-5));
        var sizes = labels.Data.Where(label => label > 0).CountBy(label => label).ToList();
        Assert.That((sizes.Count, sizes.Count(label => label.Value > 200)), Is.EqualTo((54, 49)));
        Assert.That(sizes.Sum(label => label.Value) / (double)labels.VoxelCount, Is.EqualTo(0.23).Within(0.005));
    }

    [Test]
    public void PlantsegHdf5()
    {
        var (image, labels) = DataFolder.Open(SharedData.Path("plantseg", "sample_ovule.h5")).Train.Single().Load();
        Assert.That(image.ToString(), Is.EqualTo("32x128x128"));
        Assert.That(Instances(labels), Is.EqualTo(50));
        Assert.That(image.VoxelSize!.Value.Z, Is.EqualTo(0.235).Within(5e-4));
        Assert.That(image.VoxelSize!.Value.X, Is.EqualTo(0.15).Within(5e-4));
    }

    [Test]
    public void PlantsegDeflatedTiff()
    {
        var (image, labels) = DataFolder.Open(SharedData.Path("plantseg", "rgb_3D_0.tiff")).Train.Single().Load();
        Assert.That(image.ToString(), Is.EqualTo("75x75x75"));
        Assert.That(Instances(labels), Is.EqualTo(11));
        Assert.That(image.VoxelSize!.Value.Z, Is.EqualTo(1));
        Assert.That(DataFolder.Find(SharedData.Path("plantseg")), Has.Count.EqualTo(2));
    }

    [Test]
    public void QcanetBigEndianImageJTiff()
    {
        var image = InputFile.ReadImage(SharedData.Path("qcanet_mouse_embryo", "8_cell_stage_raw.tif"));
        var binary = InputFile.ReadLabels(SharedData.Path("qcanet_mouse_embryo", "8_cell_stage_nsn_binary.tif"));
        var labels = InputFile.ReadLabels(SharedData.Path("qcanet_mouse_embryo", "8_cell_stage_instances.tif"));
        Assert.That(image.Data.Max(), Is.GreaterThan(255));
        Assert.That((image.Depth, image.HasExtentsOf(binary), image.HasExtentsOf(labels)), Is.EqualTo((51, true, true)));
        Assert.That((image.Height, image.Width), Is.EqualTo((120, 122)));
        int[] mask = [0, 255];
        Assert.That(binary.Data.Distinct().Order(), Is.EqualTo(mask));
        var sizes = labels.Data.Where(label => label > 0).CountBy(label => label).Select(label => label.Value).ToList();
        Assert.That((sizes.Count, sizes.Min(), sizes.Max()), Is.EqualTo((8, 1024, 3148)));
        Assert.That(labels.Data.Select(label => label > 0), Is.EqualTo(binary.Data.Select(label => label > 0)));
    }

    [Test]
    public void CopiesThatAreCutOffOrDamagedAreRefused()
    {
        using var folder = new TemporaryFolder();
        string[][] files =
        [
            ["gonuclear", "1135_mini.h5"], ["plantseg", "sample_ovule.h5"], ["plantseg", "rgb_3D_0.tiff"],
            ["qcanet_mouse_embryo", "8_cell_stage_raw.tif"], ["vnc", "train", "raw", "00.tif"], ["vnc", "train", "membranes", "00.png"],
        ];
        foreach (var parts in files)
        {
            var sound = File.ReadAllBytes(SharedData.Path(parts));
            // The end of qcanet's TIFF is ImageJ's own metadata, which pictures do not need but whose absence is still seen.
            for (var cut = 1; cut < sound.Length; cut *= 3)
            {
                var path = folder.Write(parts[^1], sound.AsSpan(0, sound.Length - cut));
                Assert.That(() => InputFile.ReadImage(path),
                    Throws.TypeOf<InputException>().With.Message.StartsWith(path), $"{parts[^1]} less {cut} bytes");
            }
        }
    }

    [TestCase("gonuclear", "1135_mini.h5")]
    [TestCase("plantseg", "sample_ovule.h5")]
    public void DamagedHeadsOfHdf5Files(string folder, string file)
    {
        // The head holds these files' superblock, groups and dataset headers.
        var sound = File.ReadAllBytes(SharedData.Path(folder, file));
        using var temporary = new TemporaryFolder();
        var random = new Random(8);
        for (var i = 0; i < 300; i++)
        {
            var bytes = (byte[])sound.Clone();
            for (var flips = 0; flips < 3; flips++)
                bytes[random.Next(4096)] = random.Next(2) == 0 ? (byte)0xFF : (byte)random.Next(256);
            var path = temporary.Write(file, bytes);
            try
            {
                InputFile.ReadImage(path);
            }
            catch (InputException e)
            {
                Assert.That(e.Message, Does.StartWith(path).And.Not.Contains("\n"), $"case {i}");
            }
        }
    }

    private static int Instances(Volume<int> labels) => labels.Data.Distinct().Count(label => label > 0);
}
