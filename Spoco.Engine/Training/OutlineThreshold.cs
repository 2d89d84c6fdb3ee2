using Spoco.Engine.Data;

namespace Spoco.Engine.Training;

/// <summary>
/// The threshold of a learned foreground whose outlines lie where images are steep. Needed where labels mark a part of their objects: what is learned from them
/// tells insides from outsides, but not where objects end. Over all pairs of voxels that are neighbours within a slice, and of which one is above a threshold t
/// and the other is not, the mean difference of the image, blurred with a deviation of 1, is s(t). People draw outlines a little outside of the steepest
/// places: the threshold is the least one, of those up to 0.5, with s at least 0.95 of the largest. Ours; measured in docs/foreground.md.
/// </summary>
internal sealed class OutlineThreshold
{
    private const int Steps = 10;
    private const double Step = 0.05;
    private const double Steep = 0.95;
    private const double Sigma = 1;

    private readonly double[] _differences = new double[Steps];
    private readonly long[] _pairs = new long[Steps];
    private readonly GaussianBlur _blur = new();

    /// <summary>The threshold; 0.5 where there was no outline.</summary>
    public double Value
    {
        get
        {
            var steepness = _differences.Zip(_pairs, (difference, pairs) => difference / Math.Max(1, pairs)).ToArray();
            var step = steepness.Max() is > 0 and var largest ? Array.FindIndex(steepness, s => s >= Steep * largest) : Steps - 1;
            return Math.Round((step + 1) * Step, 2);
        }
    }

    /// <summary>Takes an image into account.</summary>
    /// <param name="image">[D, H, W, C], normalised.</param>
    /// <param name="probability">Of the foreground, [D, H, W].</param>
    public void Add(Volume<float> image, Volume<float> probability)
    {
        var blurred = (float[])image.Data.Clone();
        _blur.Apply(blurred, new PatchExtents(image.Depth, image.Height, image.Width), image.Channels, Sigma);
        for (var i = 0; i < probability.Data.Length; i++)
        {
            if (i % image.Width > 0)
                Add(blurred, probability.Data, i, i - 1, image.Channels);
            if (i / image.Width % image.Height > 0)
                Add(blurred, probability.Data, i, i - image.Width, image.Channels);
        }
    }

    private void Add(float[] image, float[] probability, int a, int b, int channels)
    {
        // Outlines of all thresholds between the two lie here.
        var (from, to) = (Math.Min(probability[a], probability[b]), Math.Max(probability[a], probability[b]));
        var difference = -1.0;
        for (var step = (int)(from / Step); step < Steps && (step + 1) * Step <= to; step++)
        {
            if ((step + 1) * Step <= from)
                continue;
            if (difference < 0)
            {
                difference = 0;
                for (var c = 0; c < channels; c++)
                    difference += Math.Abs(image[a * channels + c] - image[b * channels + c]);
            }

            _differences[step] += difference;
            _pairs[step]++;
        }
    }
}
