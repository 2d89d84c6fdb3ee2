using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Segmentation;

public sealed class InstanceSegmentationTests
{
    /// <summary>Two objects side by side on background, each with a crumb of odd embeddings at its border.</summary>
    [Test]
    public void Crumbs_join_their_object()
    {
        var (prediction, foreground) = Scene();
        var labels = InstanceSegmentation.Segment(prediction, foreground, new InstanceSegmentationOptions { SizeFloor = 6 });
        Assert.That(labels.Data.Distinct().Order(), Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(labels[0, 5, 3], Is.EqualTo(1));
        Assert.That(labels[0, 2, 3], Is.EqualTo(1), "the crumb belongs to the left object");
        Assert.That(labels[0, 5, 12], Is.EqualTo(2));
        Assert.That(labels.Data.Zip(foreground.Data).All(p => p.Second == 1 || p.First == 0));
    }

    [Test]
    public void Crumbs_are_removed_where_merging_is_off()
    {
        var (prediction, foreground) = Scene();
        var labels = InstanceSegmentation.Segment(prediction, foreground, new InstanceSegmentationOptions { SizeFloor = 6, MergeFragments = false });
        Assert.That(labels[0, 2, 3], Is.Zero);
        Assert.That(labels.Data.Max(), Is.EqualTo(2));
    }

    [Test]
    public void Without_a_mask_the_background_is_the_largest_segment()
    {
        var (prediction, foreground) = Scene();
        var labels = InstanceSegmentation.Segment(prediction, null, new InstanceSegmentationOptions { SizeFloor = 6, RemoveLargest = true });
        Assert.That(labels.Data.Zip(foreground.Data).Where(p => p.Second == 0).All(p => p.First == 0));
        Assert.That(labels.Data.Max(), Is.EqualTo(2));
    }

    [Test]
    public void Everything_masked_is_no_object()
    {
        var (prediction, _) = Scene();
        Assert.That(InstanceSegmentation.Segment(prediction, new Volume<byte>(1, 12, 20)).Data, Has.All.Zero);
    }

    [Test]
    public void Labels_keep_the_voxel_size([Values] bool learned, [Values(0, 6)] int sizeFloor, [Values] bool empty)
    {
        var (prediction, mask) = Scene();
        var size = new VoxelSize(2, 0.5, 0.25);
        var embeddings = new Volume<float>(prediction.Embeddings.Data, 1, 12, 20, 3) { VoxelSize = size };
        var foreground = new Volume<float>(Array.ConvertAll(mask.Data, m => empty ? 0f : m), 1, 12, 20) { VoxelSize = size };
        prediction = new Prediction(embeddings, null, foreground);
        var options = new InstanceSegmentationOptions { SizeFloor = sizeFloor };
        var labels = learned
            ? InstanceSegmentation.SegmentLearned(prediction, 0.5, options)
            : InstanceSegmentation.Segment(prediction, empty ? new Volume<byte>(1, 12, 20) : mask, options);
        Assert.That(labels.VoxelSize, Is.EqualTo(size));
        Assert.That(labels.Data.Max(), empty ? Is.Zero : Is.Positive);
    }

    [Test]
    public void Masks_of_another_size_and_negative_floors_are_refused()
    {
        var (prediction, _) = Scene();
        Assert.That(() => InstanceSegmentation.Segment(prediction, new Volume<byte>(1, 12, 19)), Throws.ArgumentException);
        Assert.That(() => InstanceSegmentation.Segment(prediction, null, new InstanceSegmentationOptions { SizeFloor = -1 }), Throws.ArgumentException);
    }

    private static (Prediction Prediction, Volume<byte> Foreground) Scene()
    {
        var embeddings = new Volume<float>(1, 12, 20, 3);
        var foreground = new Volume<byte>(1, 12, 20);
        for (var y = 0; y < 12; y++)
        {
            for (var x = 0; x < 20; x++)
            {
                var inside = y is >= 2 and < 10 && x is (>= 2 and < 8) or (>= 10 and < 17);
                foreground[0, y, x] = inside ? (byte)1 : (byte)0;
                var axis = !inside ? 0 : x < 9 ? 1 : 2;
                embeddings[0, y, x, axis] = 5;
            }
        }

        for (var x = 2; x < 6; x++)
            embeddings[0, 2, x, 2] = 4;
        return (new Prediction(embeddings, null, null), foreground);
    }
}
