using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;

namespace Spoco.Tests.CommandLine;

/// <summary>The share of the foreground of images of which few objects are labelled.</summary>
public sealed class ForegroundShareTests
{
    /// <summary>Squares on a ground of another brightness, in noise; a fifth of them is labelled.</summary>
    [TestCase(1, 1)]
    [TestCase(1, -1)]
    [TestCase(4, 1)]
    public void Is_found_where_objects_look_alike(int channels, double contrast)
    {
        var items = Enumerable.Range(0, 6).Select(i => Squares(i, channels, contrast, labelled: 0.2)).ToList();
        var covered = Enumerable.Range(0, 6).Average(i => Squares(i, channels, contrast, labelled: 1).Labels.Data.Average(label => label > 0 ? 1.0 : 0));
        var settings = new TrainingSettings { Labels = new() { Supervision = Supervision.Sparse }, Data = new() { Patch = [96, 96] } };
        var share = new ForegroundShareEstimate(items, settings, FreePatchShare.Of(items, settings)).OfImages();
        Assert.That(share, Is.InRange(0.95 * covered, 1.4 * covered), $"{covered:0.000} are covered");
    }

    /// <summary>All voxels look like the labelled one: as far as images can tell, all of them may belong to objects.</summary>
    [Test]
    public void Of_a_volume_of_one_value_it_is_all_of_it()
    {
        var labels = new Volume<int>(8, 16, 16);
        labels.Data[1000] = 1;
        var item = new TrainingItem("volume", new Volume<float>(8, 16, 16), labels);
        var settings = new TrainingSettings { Labels = new() { Supervision = Supervision.Sparse }, Network = new() { Dimensions = 3 }, Data = new() { Patch = [8, 16, 16] } };
        var share = new ForegroundShareEstimate([item], settings, FreePatchShare.Of([item], settings)).OfImages();
        Assert.That(share, Is.EqualTo(1));
    }

    private static TrainingItem Squares(int seed, int channels, double contrast, double labelled)
    {
        var random = new Random(seed);
        var (image, labels) = (new Volume<float>(1, 96, 96, channels), new Volume<int>(1, 96, 96));
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = (float)(0.3 * (random.NextDouble() - 0.5));
        var number = 0;
        for (var y = 4; y < 84; y += 16)
        {
            for (var x = 4; x < 84; x += 16)
            {
                var known = ++number <= 25 * labelled;
                for (var i = 0; i < 64; i++)
                {
                    var at = (y + i / 8) * 96 + x + i % 8;
                    for (var c = 0; c < channels; c++)
                        image.Data[at * channels + c] += (float)contrast;
                    labels.Data[at] = known ? number : 0;
                }
            }
        }

        return new TrainingItem($"squares {seed}", image, labels);
    }
}
