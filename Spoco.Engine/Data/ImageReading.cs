using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Data;

/// <summary>What a training does to every image and its labels when they are read, from memory or from files again and again.</summary>
/// <param name="Normalisation">What the network sees of the intensities.</param>
/// <param name="SplitLabels">Whether every piece of a label is an object of its own.</param>
/// <param name="Ignored">A label that is no object, besides 0.</param>
/// <param name="BackgroundLabel">Another.</param>
internal sealed record ImageReading(NormalisationOptions Normalisation, bool SplitLabels = false, int? Ignored = null, int? BackgroundLabel = null)
{
    /// <summary>The image as the network sees it.</summary>
    public Volume<float> Image(Volume<float> image, int channels, string name) =>
        Engine.Normalisation.Apply(WithChannels(image, channels, name), Normalisation, name);

    /// <summary>The labels; objects that touch at a corner alone are two.</summary>
    public Volume<int> Labels(Volume<int> labels)
    {
        if (!SplitLabels)
            return labels;
        var known = new Volume<int>(Array.ConvertAll(labels.Data, label => IsNoObject(label) ? 0 : label), labels.Depth, labels.Height, labels.Width)
        {
            VoxelSize = labels.VoxelSize,
        };
        var pieces = ConnectedComponents.OfLabels(known, Connectivity.Faces);

        // Pieces are counted from 1: one of them may have a number that means something else.
        int[] taken = [.. new[] { Ignored, BackgroundLabel }.OfType<int>().Where(label => label > 0).Distinct().Order()];
        for (var i = 0; i < pieces.Data.Length; i++)
        {
            if (IsNoObject(labels.Data[i]))
            {
                pieces.Data[i] = labels.Data[i];
                continue;
            }

            foreach (var label in taken)
            {
                if (pieces.Data[i] >= label)
                    pieces.Data[i]++;
            }
        }

        return pieces;
    }

    /// <summary>
    /// The image with the channels a model takes. Red, green and blue that are equal everywhere are one grey channel; any other difference is
    /// an error, because colour dropped or made up silently would spoil the result.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="InputException">It has others, or colours.</exception>
    public static Volume<float> WithChannels(Volume<float> image, int channels, string name)
    {
        if (image.Channels == channels)
            return image;
        if (image.Channels != 3 || channels != 1)
            throw new InputException($"{name}: the image has {image.Channels} channels, the model takes {channels}.");
        var grey = new Volume<float>(image.Depth, image.Height, image.Width) { VoxelSize = image.VoxelSize };
        for (var i = 0; i < grey.Data.Length; i++)
        {
            var (red, green, blue) = (image.Data[3 * i], image.Data[3 * i + 1], image.Data[3 * i + 2]);
            if (red != green || red != blue)
            {
                var (y, x) = (i / image.Width % image.Height, i % image.Width);
                throw new InputException($"{name}: a colour image, but the model takes 1 channel (y {y}, x {x} is {red}, {green}, {blue}).");
            }

            grey.Data[i] = red;
        }

        return grey;
    }

    private bool IsNoObject(int label) => label == 0 || label == Ignored || label == BackgroundLabel;
}
