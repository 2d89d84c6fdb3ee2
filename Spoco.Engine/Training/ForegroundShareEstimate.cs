using Spoco.Engine.Data;
using Spoco.Engine.Losses;

namespace Spoco.Engine.Training;

/// <summary>
/// Which share of the pixels belongs to objects, where only some are labelled: <see cref="MixtureProportion"/> on patches as training draws them, which are not
/// varied. The score is, before there is a network, a ratio of two normal distributions, of the labelled pixels and of all, over the image blurred in three
/// ways and the slope of its brightness; then the foreground that the network has learned.
/// </summary>
internal sealed class ForegroundShareEstimate
{
    private const int MaximalPatches = 256;
    private const int LeastPatches = 16;
    private const int MaximalVoxels = 1 << 22;

    private const double Unknown = 0.5;

    // Images are scored by what the others say: few objects would else be told from all others by their own looks.
    private const int Folds = 4;

    private static readonly double[] Sigmas = [0.7, 2, 5];

    private readonly List<Patch> _patches = [];
    private readonly int _objects;
    private readonly int _positives;

    /// <summary>Draws the patches.</summary>
    /// <param name="images">The images of the training.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="freePatches">Part of the patches that lie anywhere, see <see cref="FreePatchShare"/>.</param>
    public ForegroundShareEstimate(IReadOnlyList<IPatchSource> images, TrainingSettings settings, double freePatches)
    {
        var extents = settings.PatchExtents;
        var sampler = new PatchSampler(
            images, extents, 1, AugmentationOptions.None with { ScaleOf = settings.Augmentation.ScaleOf }, settings.Seed, freePatches);
        var count = Math.Clamp(MaximalVoxels / extents.VoxelCount, LeastPatches, MaximalPatches);
        var batch = sampler.NewBatch();
        for (var i = 0; i < count; i++)
        {
            sampler.Fill(i, batch);
            var image = new Volume<float>((float[])batch.ViewF.Clone(), extents.Depth, extents.Height, extents.Width, sampler.Channels);
            var inside = Array.ConvertAll(batch.Labels, label => label > 0);
            _patches.Add(new Patch(image, inside, (images.Count < Folds ? i : sampler.ItemOf(i, 0)) % Folds));
            _positives += inside.Count(value => value);
        }

        _objects = images.Sum(image => image.Objects.Count);
    }

    /// <summary>The share by the images alone.</summary>
    public double OfImages()
    {
        var features = _patches.ConvertAll(patch => Features(patch.Image));
        var width = features[0].Length;
        var (labelled, all) = (new NormalDistribution[Folds], new NormalDistribution[Folds]);
        for (var fold = 0; fold < Folds; fold++)
            (labelled[fold], all[fold]) = (new NormalDistribution(width), new NormalDistribution(width));
        for (var i = 0; i < _patches.Count; i++)
        {
            for (var fold = 0; fold < Folds; fold++)
            {
                if (fold == _patches[i].Fold)
                    continue;
                all[fold].Add(features[i], null);
                labelled[fold].Add(features[i], _patches[i].Inside);
            }
        }

        return Of(i => all[_patches[i].Fold].Distances(features[i]).Zip(labelled[_patches[i].Fold].Distances(features[i]), (a, b) => a - b).ToArray());
    }

    /// <summary>The share by the foreground that a model has learned so far.</summary>
    public double OfModel(SpocoModel model) => Of(i => model.Predict(_patches[i].Image).Foreground!.Data);

    private double Of(Func<int, float[]> scores)
    {
        // Objects of a pixel or two may lie beside all patches.
        if (_positives == 0)
            return Unknown;
        var (positives, all) = (new float[_positives], new float[_patches.Sum(patch => patch.Inside.Length)]);
        var (p, a) = (0, 0);
        for (var i = 0; i < _patches.Count; i++)
        {
            var of = scores(i);
            of.CopyTo(all, a);
            a += of.Length;
            for (var j = 0; j < of.Length; j++)
            {
                if (_patches[i].Inside[j])
                    positives[p++] = of[j];
            }
        }

        return MixtureProportion.UpperBound(positives, all, _objects);
    }

    /// <summary>Every channel blurred in three ways, and the length of its gradient in the second.</summary>
    private static float[][] Features(Volume<float> image)
    {
        var blur = new GaussianBlur();
        var extents = new PatchExtents(image.Depth, image.Height, image.Width);
        var features = new List<float[]>();
        for (var c = 0; c < image.Channels; c++)
        {
            var channel = new float[image.VoxelCount];
            for (var i = 0; i < channel.Length; i++)
                channel[i] = image.Data[i * image.Channels + c];
            var slope = Array.Empty<float>();
            foreach (var sigma in Sigmas)
            {
                var blurred = (float[])channel.Clone();
                blur.Apply(blurred, extents, 1, sigma);
                features.Add(blurred);
                if (sigma == Sigmas[1])
                    slope = Slope(blurred, image.Height, image.Width);
            }

            blur.Apply(slope, extents, 1, 1);
            features.Add(slope);
        }

        return [.. features];
    }

    private static float[] Slope(float[] values, int height, int width)
    {
        var slope = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (y, x) = (i / width % height, i % width);
            var dy = values[y + 1 < height ? i + width : i] - values[y > 0 ? i - width : i];
            var dx = values[x + 1 < width ? i + 1 : i] - values[x > 0 ? i - 1 : i];
            slope[i] = MathF.Sqrt(dx * dx + dy * dy);
        }

        return slope;
    }

    private sealed record Patch(Volume<float> Image, bool[] Inside, int Fold);
}
