using PureHDF;
using Spoco.Cli.Commands;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco segment --memory</c>: HDF5 to HDF5 in blocks, with the labels of the whole.</summary>
public sealed class BlockwiseTests : FolderTests
{
    [TestCase(1, 300, 260, "6MiB")]
    [TestCase(36, 70, 150, "0.06")]
    public void Embeddings_are_segmented_in_blocks(int depth, int height, int width, string memory)
    {
        var embeddings = WithSize(MutexWatershedEqualityTests.NoisyCells(depth, height, width, 16, seed: 3));
        var (file, output) = (PathOf("e.h5"), PathOf("labels.h5"));
        Hdf5File.WriteEmbeddings(file, embeddings, "embeddings_f");

        var run = CommandLineRun.Of("segment", "--embeddings", file, "--memory", memory, "--out", output).AssertSuccess();

        var labels = Hdf5File.Read<int>(output, "label");
        var expected = MutexWatershed.FromEmbeddings(embeddings);
        Assert.That(labels.Data, Is.EqualTo(expected.Data));
        Assert.That((labels.Depth, labels.Height, labels.VoxelSize), Is.EqualTo((depth, height, embeddings.VoxelSize)));
        Assert.That(run.Error, Does.Contain("blocks").And.Not.Contain("in 1 blocks"));
        Assert.That(Directory.GetFileSystemEntries(Folder).Order(), Is.EqualTo(new[] { file, output }), "nothing is left behind");
    }

    [Test]
    public void Affinities_with_a_mask_and_sizes()
    {
        var random = new Random(8);
        var (height, width) = (200, 170);
        var planes = MutexProblems.Weights(random, 4 * height * width, 0);
        var mask = new Volume<int>([.. Enumerable.Range(0, height * width).Select(i => i / width % 40 < 30 ? 3 : 0)], 1, height, width);
        var (file, maskFile, output) = (PathOf("a.h5"), PathOf("mask.h5"), PathOf("out/labels.h5"));
        // As other programs write it: one piece, and a rank that says nothing of channels.
        new H5File { ["affinities"] = new H5Dataset(planes, fileDims: [4, (ulong)height, (ulong)width]) }.Write(file);
        Hdf5File.WriteLabels(maskFile, mask, "label");
        const string Offsets = "0,-1;-1,0;0,-9;-7,3";

        CommandLineRun.Of("segment", "--affinities", file, "--offsets", Offsets, "--foreground", maskFile, "--size-floor", "5", "--remove-largest",
            "--memory", "3MiB", "--out", output, "--label-name", "volumes/labels").AssertSuccess();

        var options = new MutexWatershedOptions { Offsets = AffinitySegmentation.ParseOffsets(Offsets) };
        var expected = new Volume<int>(SequentialMutexWatershed.FromAffinities(
            planes, 1, height, width, options, Array.ConvertAll(mask.Data, m => (byte)m)), 1, height, width);
        expected = Relabel.Compact(SizeFloor.Remove(RemoveLargest.Apply(expected), 5)).Labels;
        Assert.That(Hdf5File.Read<int>(output, "volumes/labels").Data, Is.EqualTo(expected.Data));
    }

    [Test]
    public void A_second_run_goes_on()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 300, 260, 16, seed: 3);
        var (file, output, partial) = (PathOf("e.h5"), PathOf("labels.h5"), PathOf("labels.partial"));
        Hdf5File.WriteEmbeddings(file, embeddings, "embeddings_f");
        string[] command = ["segment", "--embeddings", file, "--memory", "6MiB", "--out", output];
        CommandLineRun.WithoutResult(partial, output, command).AssertBadInput("labels.h5", "it is a folder");
        var blocks = Directory.GetFiles(partial, "*.block");
        Assert.That(blocks, Has.Length.GreaterThan(3));
        File.Delete(blocks[1]);

        var run = CommandLineRun.Of(command).AssertSuccess();

        Assert.That(run.Error, Does.Contain($"{blocks.Length - 1} of {blocks.Length} blocks are there"));
        Assert.That(Hdf5File.Read<int>(output, "label").Data, Is.EqualTo(MutexWatershed.FromEmbeddings(embeddings).Data));
        Assert.That(Directory.Exists(partial), Is.False);
    }

    [Test]
    public void One_process_at_a_time_works_on_a_result_and_a_killed_start_does_not_bar_the_next()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 60, 50, 16, seed: 3);
        var (file, output) = (PathOf("e.h5"), PathOf("labels.h5"));
        Hdf5File.WriteEmbeddings(file, embeddings, "embeddings_f");
        Directory.CreateDirectory(PathOf("labels.partial"));
        File.WriteAllText(PathOf("labels.partial/manifest.txt.tmp-0123abcd"), "cut");
        using (FolderLock.Hold(Folder, "labels.partial.lock"))
            CommandLineRun.Of("segment", "--embeddings", file, "--memory", "1GiB", "--out", output).AssertBadInput("another spoco works in it");
        CommandLineRun.Of("segment", "--embeddings", file, "--memory", "1GiB", "--out", output).AssertSuccess();
        Assert.That(Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName), Is.EquivalentTo(new[] { "e.h5", "labels.h5" }));
    }

    [Test]
    public void What_is_wrong_is_one_line()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 100, 90, 16, seed: 3);
        var (file, output, text) = (PathOf("e.h5"), PathOf("labels.h5"), PathOf("text.h5"));
        Hdf5File.WriteEmbeddings(file, embeddings, "embeddings_f");
        File.WriteAllText(text, "no HDF5");
        Run("--embeddings", file, "--memory", "100KiB").AssertBadInput(file, "--memory is 0MiB", "is enough");
        Run("--embeddings", file, "--memory", "lots").AssertBadInput("--memory", "'lots'");
        Run("--embeddings", file, "--memory", "-1").AssertBadInput("--memory", "'-1'");
        Run("--input", file, "--memory", "1GiB").AssertBadInput("--model", "is needed");
        Run("--memory", "1GiB").AssertBadInput("--memory", "--embeddings");
        Run("--affinities", file, "--memory", "1GiB").AssertBadInput("no dataset 'affinities'");
        Run("--affinities", file, "--model", "m", "--memory", "1GiB").AssertBadInput("--model", "--affinities");
        Run("--embeddings", text, "--memory", "1GiB").AssertBadInput("text.h5", "not an HDF5 file");
        Run("--embeddings", file, "--memory", "1GiB", "--foreground", "otsu").AssertBadInput("--foreground", "otsu");
        Run("--embeddings", file, "--memory", "1GiB", "--foreground", "none.h5").AssertBadInput("--foreground", "none.h5");
        Run("--embeddings", file, "--memory", "1GiB", "--device", "cuda:0").AssertBadInput("--memory", "cuda:0");
        CommandLineRun.Of("segment", "--embeddings", file, "--memory", "1GiB", "--out", PathOf("labels.png")).AssertBadInput("labels.png", "HDF5");
        embeddings[0, 80, 70, 3] = float.NaN;
        Hdf5File.WriteEmbeddings(file, embeddings, "embeddings_f");
        Run("--embeddings", file, "--memory", "1GiB").AssertBadInput("e.h5", "NaN", "y 80, x 70, channel 3");
        Assert.That(File.Exists(output), Is.False);

        CommandLineRun Run(params string[] arguments) => CommandLineRun.Of(["segment", .. arguments, "--out", output]);
    }

    [TestCase("2GiB", 2L << 30)]
    [TestCase("2", 2L << 30)]
    [TestCase("0.5 G", 1L << 29)]
    [TestCase("512MiB", 512L << 20)]
    [TestCase("1.5GB", 1_500_000_000L)]
    public void Memory_is_read_as_people_write_it(string text, long bytes) => Assert.That(MemoryLimit.Parse(text), Is.EqualTo(bytes));

    private static Volume<float> WithSize(Volume<float> volume) =>
        new(volume.Data, volume.Depth, volume.Height, volume.Width, volume.Channels) { VoxelSize = new VoxelSize(2, 0.5, 0.5) };
}
