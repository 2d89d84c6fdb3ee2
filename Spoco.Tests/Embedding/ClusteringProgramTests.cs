using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Tests.Embedding;

/// <summary>The program of docs/embedding.md about clusterings is the one that is compiled here, and it does what it says.</summary>
[NonParallelizable]
public sealed class ClusteringProgramTests : FolderTests
{
    [Test]
    public void It_is_what_the_document_shows() =>
        ShownProgram.AssertIsIn(Path.Combine("docs", "embedding.md"), ShownProgram.TextOf("Spoco.Tests", "Embedding", "ClusteringProgram.cs"));

    [Test]
    public void It_clusters_points_and_pixels()
    {
        using (var device = ComputeDevice.Open("cpu"))
        using (var model = new SpocoModel(device, new SpocoModelOptions { Network = new UNetOptions { FeatureMaps = [4, 8] }, EmbeddingDimensions = 4, Foreground = true, PullMargin = 0.1 }))
        {
            model.Initialise(1);
            Checkpoint.Save(PathOf("cells.safetensors"), model);
        }

        var (here, random) = (Directory.GetCurrentDirectory(), new Random(2));
        try
        {
            var image = new Volume<float>([.. Enumerable.Range(0, 48 * 48).Select(i => i % 48 / 16 * 100f + random.Next(20))], 1, 48, 48);
            var (labels, segments) = ClusteringProgram.Run(Folder, image);
            Assert.That(labels.Max(), Is.EqualTo(3));
            for (var heap = 0; heap < 3; heap++)
                Assert.That(labels.Skip(100 * heap).Take(100).Count(label => label == heap + 1), Is.GreaterThan(90));
            Assert.That(labels.Skip(300).Count(label => label == 0), Is.GreaterThan(10));
            Assert.That(segments.HasExtentsOf(image));
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
        }
    }
}
