using System.Text.RegularExpressions;
using Spoco.Cli.Commands;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Networks;
using Spoco.Kernels;
using Spoco.Tests.Files;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco segment</c> and <c>spoco predict</c> with <c>--memory</c>: images part by part, with the results of the whole.</summary>
public sealed class PartwiseTests : FolderTests
{
    private static readonly string[] Plain = ["--foreground", "none", "--merge-distance", "0", "--remove-fragments"];

    [TestCase("image.tif", "labels.h5", "8", "none", "0", false)]
    [TestCase("image.h5", "labels.tif", "1", "none", "0", false)]
    [TestCase("image.tif", "labels.h5", "8", "learned", "0.01", true)]
    [TestCase("image.tif", "labels.tif", "1", "learned", "0.01", true)]
    [TestCase("image.tif", "labels.h5", "1", "embedding", "0.01", true)]
    [TestCase("image.h5", "labels.h5", "2", "otsu", "0.005", false)]
    [TestCase("tiled.tif", "labels.h5", "1", "none", "0", false)]
    [TestCase("stripped.tif", "labels.h5", "1", "none", "0", false)]
    [TestCase("turned.tif", "labels.h5", "1", "none", "0", false)]
    public void An_image_is_segmented_in_parts(string name, string result, string orientations, string foreground, string distance, bool merged)
    {
        var (model, image) = (Model(2, foreground: true), Write(name, Image(1, 900, 800)));
        string[] command =
        [
            "segment", "--model", model, "--input", image, "--orientations", orientations, "--foreground", foreground, "--threshold", "0.45", "--merge-distance", distance,
            "--size-floor", "7", .. merged ? [] : new[] { "--remove-fragments" },
        ];

        CommandLineRun.Of([.. command, "--memory", "100GiB", "--out", PathOf("whole.h5")]).AssertSuccess();
        var run = CommandLineRun.Of([.. command, "--memory", "200MiB", "--out", PathOf(result)]).AssertSuccess();

        var (whole, parts) = (InputFile.ReadLabels(PathOf("whole.h5")), InputFile.ReadLabels(PathOf(result)));
        Assert.That(parts.Data, Is.EqualTo(whole.Data));
        Assert.That(parts.VoxelSize, Is.EqualTo(whole.VoxelSize));
        Assert.That(whole.Data.Max(), Is.GreaterThan(20));
        Assert.That(run.Error, Does.Contain("blocks").And.Not.Contain("in 1 blocks"));
        Assert.That(Directory.Exists(PathOf("labels.partial")), Is.False, "nothing is left behind");
    }

    [Test]
    public void A_volume_is_segmented_in_parts_with_a_mask_and_sizes()
    {
        var (model, image) = (Model(3, foreground: true), Write("v.h5", Image(40, 140, 150)));
        var mask = new Volume<int>([.. Enumerable.Range(0, 40 * 140 * 150).Select(i => i % 150 < 120 ? 1 : 0)], 40, 140, 150);
        Hdf5File.WriteLabels(PathOf("m.h5"), mask, "label");
        string[] command =
        [
            "segment", "--model", model, "--input", image, "--foreground", PathOf("m.h5"), "--merge-distance", "0", "--remove-fragments", "--size-floor", "6", "--remove-largest",
        ];

        CommandLineRun.Of([.. command, "--memory", "100GiB", "--out", PathOf("whole.h5")]).AssertSuccess();
        CommandLineRun.Of([.. command, "--memory", "360MiB", "--out", PathOf("parts.h5")]).AssertSuccess();

        Assert.That(InputFile.ReadLabels(PathOf("parts.h5")).Data, Is.EqualTo(InputFile.ReadLabels(PathOf("whole.h5")).Data));
        Assert.That(InputFile.ReadLabels(PathOf("parts.h5")).Data.Max(), Is.GreaterThan(5));
    }

    [Test]
    public void Labels_of_a_large_PNG_are_a_TIFF_in_the_folder()
    {
        var (model, image) = (Model(2, foreground: false), PathOf("image.png"));
        var labels = Image(1, 900, 800);
        PngFile.WriteLabels(image, labels);
        string[] command = ["segment", "--model", model, "--input", image, "--orientations", "1", .. Plain, "--memory", "200MiB", "--out", PathOf("out")];
        Directory.CreateDirectory(PathOf("out"));
        File.WriteAllText(PathOf("out/image.tif"), "somebody's");

        CommandLineRun.Of(command).AssertBadInput("out/image.tif", "--overwrite");
        CommandLineRun.Of([.. command, "--overwrite"]).AssertSuccess();

        Assert.That(Directory.GetFileSystemEntries(PathOf("out")).Select(Path.GetFileName), Is.EqualTo(new[] { "image.tif" }));
        Assert.That(InputFile.ReadLabels(PathOf("out/image.tif")).Data.Max(), Is.GreaterThan(20));
    }

    [Test]
    public void A_second_run_goes_on()
    {
        var (model, image) = (Model(2, foreground: false), Write("image.tif", Image(1, 900, 800)));
        string[] command = ["segment", "--model", model, "--input", image, "--orientations", "1", .. Plain, "--memory", "200MiB", "--out", PathOf("labels.h5")];
        CommandLineRun.WithoutResult(PathOf("labels.partial"), PathOf("labels.h5"), command).AssertBadInput("labels.h5", "it is a folder");

        var run = CommandLineRun.Of(command).AssertSuccess();

        Assert.That(run.Error, Does.Match("[0-9]+ of [0-9]+ blocks are there from an earlier run"));
    }

    [Test]
    public void What_goes_in_no_way_is_said_with_the_way_out()
    {
        var (plain, image) = (Model(2, foreground: false), Write("image.tif", Image(1, 900, 800)));
        Write("mask.tif", Image(1, 900, 800));
        Run("--foreground", PathOf("mask.tif"), "--class", "car").AssertBadInput("image.tif", "at once needs about", "--memory is 0.20", "a mask has no classes");
        Run([.. Plain, "--memory", "150MiB"]).AssertBadInput("--memory is 0.15 GiB", "the image itself and the program need");
        CommandLineRun.Of(["segment", "--model", plain, "--input", image, .. Plain, "--memory", "200MiB", "--out", PathOf("labels.png")])
            .AssertBadInput("labels.png", "HDF5 or TIFF");

        CommandLineRun Run(params string[] options) => CommandLineRun.Of(
            ["segment", "--model", plain, "--input", image, "--out", PathOf("o.h5"), .. options.Contains("--memory") ? [] : new[] { "--memory", "200MiB" }, .. options]);
    }

    /// <summary>The smallest parts that there are, and so the most.</summary>
    [Test]
    [Category("Long")]
    public void What_is_said_to_be_enough_is_enough()
    {
        var (plain, image) = (Model(2, foreground: false), Write("image.tif", Image(1, 900, 800)));
        var refused = Run("162MiB");
        refused.AssertBadInput("image.tif", "--memory is 162MiB", "is enough");
        Run($"{Regex.Match(refused.Error, "--memory ([0-9]+)MiB is enough").Groups[1]}MiB").AssertSuccess();

        CommandLineRun Run(string memory) => CommandLineRun.Of(["segment", "--model", plain, "--input", image, "--out", PathOf("o.h5"), .. Plain, "--memory", memory]);
    }

    [TestCase(2, "bcr", 1, 1000, 1000, "175MiB")]
    [TestCase(3, "bcr", 40, 170, 170, "300MiB", Category = "Long")]
    public void Embeddings_are_predicted_in_parts(int dimensions, string order, int depth, int height, int width, string memory)
    {
        var (model, image) = (Model(dimensions, foreground: true, order), Write("image.tif", Image(depth, height, width)));

        CommandLineRun.Of("predict", "--model", model, "--input", image, "--out", PathOf("whole"), "--with-g", "--memory", "100GiB").AssertSuccess();
        CommandLineRun.Of("predict", "--model", model, "--input", image, "--out", PathOf("parts"), "--with-g", "--memory", memory).AssertSuccess();

        foreach (var dataset in new[] { "embeddings_f", "embeddings_g", "foreground" })
        {
            var (whole, parts) = (Hdf5File.Read<float>(PathOf("whole/image.h5"), dataset), Hdf5File.Read<float>(PathOf("parts/image.h5"), dataset));
            Assert.That(parts.ToString(), Is.EqualTo(whole.ToString()));
            Assert.That(parts.Data.AsSpan().SequenceEqual(whole.Data), dataset);
        }

        Assert.That(File.Exists(PathOf("parts/image_pca.png")), Is.False, "it went part by part");
        Assert.That(EmbeddingFile.IsOurs(PathOf("parts/image.h5")), "the same command run again may replace it");
    }

    [TestCase("segment", "300MiB", "--orientations", "1")]
    [TestCase("segment", "400MiB", "--orientations", "4")]
    [TestCase("segment", "500MiB", "--orientations", "1", "--foreground", "none", "--merge-distance", "0.01", "--size-floor", "20")]
    [TestCase("predict", "300MiB")]
    public void The_process_keeps_to_its_memory(string command, string memory, params string[] options)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("What returned memory becomes is known for Linux only.");
        var (model, image) = (Model(2, foreground: true), Write("image.tif", Image(1, 1500, 1600)));
        using var process = ProgramProcess.Start([command, "--model", model, "--input", image, "--memory", memory, "--out", PathOf("out"), "--device", "cpu", "--threads", "2", .. options]);

        var (peak, said) = ProgramProcess.AssertEnds(process, 0);

        Assert.That(said, Does.Contain(command == "segment" ? "blocks" : "voxels"), "it went part by part");
        Assert.That(peak, Is.InRange(50L << 20, MemoryLimit.Parse(memory)));
        TestContext.Out.WriteLine($"{peak >> 20} MiB of {memory}");
    }

    private string Model(int dimensions, bool foreground, string order = "bcr")
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = dimensions, FeatureMaps = [8, 16], Order = order }, EmbeddingDimensions = 8, PushMargin = 0.02, Foreground = foreground,
        });
        model.Initialise(1);
        if (foreground)
        {
            // So that about half of the voxels lie in cores.
            var bias = model.EmbeddingNet.Parameters["final_conv.bias"].Buffer;
            bias.Slice(bias.Length - 1, 1).CopyFrom([1f]);
        }

        var path = PathOf($"model{dimensions}{foreground}.safetensors");
        Checkpoint.Save(path, model);
        return path;
    }

    private string Write(string name, Volume<int> image)
    {
        if (name is "tiled.tif" or "stripped.tif" or "turned.tif")
            TestTiff.Write(PathOf(name), [.. image.Data.Select(value => (ushort)value)], image.Height, image.Width,
                tiled: name == "tiled.tif", orientation: name == "turned.tif" ? 6 : 1);
        else if (InputFile.KindOf(name) == FileKind.Tiff)
            TiffFile.WriteLabels(PathOf(name), image);
        else
            Hdf5File.WriteLabels(PathOf(name), image, "raw");
        return PathOf(name);
    }

    /// <summary>Blocks of different brightness, with noise.</summary>
    private static Volume<int> Image(int depth, int height, int width)
    {
        var random = new Random(2);
        var image = new Volume<int>(depth, height, width) { VoxelSize = new VoxelSize(depth == 1 ? 0.5 : 2, 0.5, 0.5) };
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = random.Next(90) + 100 * ((i / width % height / 23 * 7 + i % width / 31 * 5 + i / width / height / 9 * 3) % 11);
        return image;
    }
}
