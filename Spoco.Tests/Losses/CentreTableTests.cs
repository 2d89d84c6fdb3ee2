using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Losses;

/// <summary>What kernels of the losses index with is checked before it reaches a device, and so are the lengths of what they write.</summary>
public sealed class CentreTableTests
{
    private static readonly EmbeddingLayout Layout = new(2, 6, 3, 3, 0);
    private static readonly int[] Owners = [0, 1, 1, 0, 0, 1, 2, 0, 1, 0, 0, 0];
    private static readonly int[] Order = [0, 3, 4, 1, 2, 5, 7, 9, 10, 11, 8, 6];
    private static readonly int[] Starts = [0, 3, 6, 10, 11, 12];
    private static readonly int[] ImageClusters = [0, 2, 5];
    private static readonly ImageCentres[] Images = [new(0, 2, 1, 1, 1, 0, 3, 0, 2, 0, 2), new(2, 3, 1, 1, 1, 0, 4, 2, 1, 2, 1)];
    private static readonly int[] Candidates = [0, 5, 6];

    [Test]
    public void Labels_out_of_range_are_refused([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using (Upload(Owners, Order, Starts, ImageClusters))
        {
        }

        Refused([2, .. Owners[1..]], Order, Starts, ImageClusters);
        Refused([-1, .. Owners[1..]], Order, Starts, ImageClusters);
        Refused([.. Owners[..11], 3], Order, Starts, ImageClusters);
        Refused(Owners, [12, .. Order[1..]], Starts, ImageClusters);
        Refused(Owners, [-1, .. Order[1..]], Starts, ImageClusters);
        Refused(Owners, Order[1..], Starts, ImageClusters);
        Refused(Owners, Order, [0, 6, 3, 10, 11, 12], ImageClusters);
        Refused(Owners, Order, [1, .. Starts[1..]], ImageClusters);
        Refused(Owners, Order, [.. Starts[..5], 13], ImageClusters);
        Refused(Owners, Order, Starts, [0, 2, 4]);
        Refused(Owners, Order, Starts, [0]);

        PixelSegments Upload(int[] owners, int[] order, int[] starts, int[] imageClusters) => PixelSegments.Upload(device, owners, order, starts, imageClusters);

        void Refused(int[] owners, int[] order, int[] starts, int[] imageClusters) =>
            Assert.That(() => Upload(owners, order, starts, imageClusters), Throws.ArgumentException.With.Message.StartsWith("PixelSegments: "));
    }

    [Test]
    public void Labels_of_an_image_that_has_fewer_clusters_are_refused()
    {
        // Each owner is among the clusters of the batch, but not among those of its image.
        Assert.That(() => PixelSegments.Upload(TestDevices.Open("cpu"), [2, .. Owners[1..]], Order, Starts, ImageClusters),
            Throws.ArgumentException.With.Message.EqualTo("PixelSegments: owner 2 in image 0, which has 2 clusters."));
    }

    [Test]
    public void Centres_out_of_range_are_refused([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        using var segments = PixelSegments.Upload(TestDevices.Open(name), Owners, Order, Starts, ImageClusters);
        using var table = CentreTable.Upload(Layout, segments, Images, Candidates);
        Assert.That(table.Anchors, Is.EqualTo(3));
        Refused(Images[..1], Candidates);
        foreach (var wrong in (ImageCentres[])
        [
            Images[1] with { FirstCluster = 1 }, Images[1] with { Clusters = 4 }, Images[1] with { FirstOwner = 4 }, Images[1] with { FirstOwner = -1 },
            Images[1] with { FirstPulled = 4 }, Images[1] with { FirstPulled = -1 }, Images[1] with { FirstInstance = 4 }, Images[1] with { FirstInstance = -1 },
            Images[1] with { UnlabelledOwner = 3 }, Images[1] with { UnlabelledOwner = -2 }, Images[1] with { FirstAnchor = 1 }, Images[1] with { FirstAnchor = 3 },
            Images[1] with { Anchors = -1 }, Images[1] with { Anchors = int.MaxValue }, Images[1] with { FirstCandidate = 1 }, Images[1] with { Candidates = 2 },
            Images[1] with { Candidates = -1 }, Images[1] with { Candidates = int.MaxValue }, Images[1] with { Candidates = 0 },
        ])
            Refused([Images[0], wrong], Candidates);
        Refused(Images, [0, 5, 12]);
        Refused(Images, [0, 5, -1]);
        Refused(Images, [0, 6, 6]);
        Refused(Images, [0, 5, 6, 6]);

        void Refused(ImageCentres[] images, int[] candidates) =>
            Assert.That(() => CentreTable.Upload(Layout, segments, images, candidates), Throws.ArgumentException.With.Message.StartsWith("CentreTable: "));
    }

    [Test]
    public void Masks_out_of_range_are_refused([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        using var segments = PixelSegments.Upload(TestDevices.Open(name), Owners, Order, Starts, ImageClusters);
        using (var table = MaskTable.Upload(segments, [1, 1, 4]))
            Assert.That((table.ClusterMasks.ToArray(), table.FirstMasks.ToArray()), Is.EqualTo((new[] { 0, 0, 2, 2, 2, 3 }, new[] { 0, 2, 3 })));
        foreach (var clusters in new int[][] { [], [-1], [5], [1, 0], [0, 1, 5] })
            Assert.That(() => MaskTable.Upload(segments, clusters), Throws.ArgumentException.With.Message.StartsWith("MaskTable: "));
    }

    [Test]
    public void Sums_and_gradients_of_another_length_are_refused([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using var holdings = new Holdings();
        var segments = holdings.Add(PixelSegments.Upload(device, Owners, Order, Starts, ImageClusters));
        var inputs = new EmbeddingLossInputs
        {
            Terms = new EmbeddingLossTerms(0.5f, 2, 0.3f, MaskLoss.Dice, MaskLoss.Dice, 1, 0, 0),
            Layout = Layout,
            Embeddings = Values(36),
            MomentumLayout = Layout,
            MomentumEmbeddings = Values(36),
            Centres = holdings.Add(CentreTable.Upload(Layout, segments, Images, Candidates)),
            Means = Values(15),
            ObjectFactors = holdings.Upload<CentreFactors>(device, new CentreFactors[5], "test"),
            Anchors = Values(9),
            MomentumAnchors = Values(9),
            AnchorFactors = holdings.Upload<CentreFactors>(device, new CentreFactors[3], "test"),
            LineFactors = Values(0),
        };
        Primitives.AnchorSelection.Select(Layout, inputs.Embeddings, inputs.Embeddings, inputs.Centres, 0, inputs.Anchors, inputs.MomentumAnchors, Values(3));
        Assert.That(() => Sums(inputs, 5 * 13, 9, 0), Throws.Nothing);
        Refused(() => Sums(inputs, 5 * 13 - 1, 9, 0));
        Refused(() => Sums(inputs, 5 * 4, 9, 0));
        Refused(() => Sums(inputs, 5 * 13, 8, 0));
        Refused(() => Sums(inputs, 5 * 13, 9, 2));
        Refused(() => Sums(inputs with { Means = Values(12) }, 5 * 13, 9, 0));
        Refused(() => Sums(inputs with { ObjectFactors = inputs.ObjectFactors.Slice(0, 4) }, 4 * 13, 9, 0));
        Refused(() => Sums(inputs with { MomentumLayout = Layout with { Images = 1 }, MomentumEmbeddings = Values(18) }, 5 * 13, 9, 0));
        var byLine = inputs with { Terms = inputs.Terms with { LineLength = 3 }, LineFactors = Values(8) };
        Assert.That(() => Sums(byLine, 5 * 13, 9, 8), Throws.Nothing);
        Refused(() => Sums(byLine, 5 * 13, 9, 6));
        Refused(() => Sums(byLine with { Terms = byLine.Terms with { LineLength = 5 } }, 5 * 13, 9, 8));
        Assert.That(() => Primitives.EmbeddingLoss.Gradient(inputs, Values(15), Values(36)), Throws.Nothing);
        Refused(() => Primitives.EmbeddingLoss.Gradient(inputs, Values(14), Values(36)));
        Refused(() => Primitives.EmbeddingLoss.Gradient(inputs, Values(15), Values(35)));
        Refused(() => Primitives.EmbeddingLoss.Gradient(byLine with { LineFactors = Values(6) }, Values(15), Values(36)));

        void Sums(EmbeddingLossInputs i, int objects, int anchors, int lines) =>
            Primitives.EmbeddingLoss.Sums(i, Values(36), new EmbeddingLossSums(Values(objects), Values(anchors), Values(lines)));

        void Refused(Action call) => Assert.That(call, Throws.ArgumentException.With.Message.StartsWith("EmbeddingLoss: "));

        DeviceBuffer<float> Values(int length) => holdings.AllocateCleared<float>(device, length, "test");
    }
}
