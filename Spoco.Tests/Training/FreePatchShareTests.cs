using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Training;

namespace Spoco.Tests.Training;

/// <summary>How many patches lie anywhere.</summary>
public sealed class FreePatchShareTests
{
    private static readonly TrainingSettings Settings = new() { Data = new() { Patch = [20, 20] } };
    private static readonly TrainingSettings Deep = new() { Network = new() { Dimensions = 3 }, Data = new() { Patch = [20, 20, 20] } };

    [Test]
    public void Is_half_of_the_chance_that_a_random_patch_shows_no_object([Values(1, 6)] int objects)
    {
        var random = new RandomSource(objects);
        var labels = new Volume<int>(1, 120, 90);
        for (var n = 1; n <= objects; n++)
        {
            var (y, x) = (random.NextInt(112), random.NextInt(82));
            for (var i = 0; i < 64; i++)
                labels[0, y + i / 8, x + i % 8] = n;
        }

        var (missed, places) = (0, 0);
        for (var y = 0; y <= 100; y++)
            for (var x = 0; x <= 70; x++)
            {
                places++;
                missed += labels.Crop(0, y, x, 1, 20, 20).Data.Any(label => label > 0) ? 0 : 1;
            }

        Assert.That(FreePatchShare.Of([Item(labels)], Settings), Is.EqualTo(0.5 * missed / places).Within(0.05));
    }

    [Test]
    public void None_where_every_patch_shows_an_object_and_one_half_where_none_does()
    {
        var labels = new Volume<int>(1, 30, 30);
        labels[0, 15, 15] = 1;
        Assert.That(FreePatchShare.Of([Item(labels)], Settings), Is.Zero);
        Assert.That(FreePatchShare.Of([Item(new Volume<int>(1, 30, 30))], Settings), Is.EqualTo(0.5));
        Assert.That(FreePatchShare.Of([Item(labels), Item(new Volume<int>(1, 30, 30))], Settings), Is.EqualTo(0.25), "every image counts the same");
        Assert.That(FreePatchShare.Of([Item(new Volume<int>(1, 10, 10))], Settings), Is.EqualTo(0.5), "an image smaller than a patch");
        Assert.That(FreePatchShare.Of([Item(labels)], Settings with { Data = Settings.Data with { FreePatches = 0.75 } }), Is.EqualTo(0.75), "said");
    }

    [Test]
    public void Volumes_work_alike()
    {
        var labels = new Volume<int>(40, 40, 40);
        labels[20, 20, 20] = 1;
        var share = FreePatchShare.Of([Item(labels)], Deep);
        Assert.That(share, Is.Zero, "all patches hold the middle");
        labels = new Volume<int>(80, 40, 40);
        labels[0, 0, 0] = 1;
        share = FreePatchShare.Of([Item(labels)], Deep);
        Assert.That(share, Is.EqualTo(0.5).Within(0.01), "hardly any");
    }

    private static TrainingItem Item(Volume<int> labels) => new("a", new Volume<float>(labels.Depth, labels.Height, labels.Width), labels);
}
