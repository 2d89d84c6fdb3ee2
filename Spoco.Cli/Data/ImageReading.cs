using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Data;

/// <summary>What a training does to every image and its labels when they are read, from memory or from files again and again.</summary>
/// <param name="Normalisation">What the network sees of the intensities.</param>
/// <param name="SplitLabels">Whether every piece of a label is an object of its own.</param>
/// <param name="Ignored">A label that is no object, besides 0.</param>
/// <param name="BackgroundLabel">Another.</param>
internal sealed record ImageReading(NormalisationOptions Normalisation, bool SplitLabels = false, int? Ignored = null, int? BackgroundLabel = null)
{
    /// <summary>The image as the network sees it.</summary>
    public Volume<float> Image(Volume<float> image, int channels, string name) =>
        Engine.Normalisation.Apply(InputFile.WithChannels(image, channels, name), Normalisation, name);

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

    private bool IsNoObject(int label) => label == 0 || label == Ignored || label == BackgroundLabel;
}
