using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Suggestions;

/// <summary>An image in which objects may be labelled.</summary>
/// <param name="Item">The image and, where there are any, its labels.</param>
/// <param name="Channels">Values per voxel that the model takes.</param>
/// <param name="Resized">The size in which the network sees it; null = as it is.</param>
internal sealed record SuggestionSource(DataItem Item, int Channels, PatchExtents? Resized)
{
    /// <summary>Reads the image, with the channels that the model takes, and its labels, as stored; 0 = not labelled.</summary>
    /// <exception cref="InputException">A file is damaged, or they do not fit each other or the model.</exception>
    public (Volume<float> Image, Volume<int> Labels) Load()
    {
        var (image, labels) = Item.Load();
        return (ImageReading.WithChannels(image, Channels, Item.ImagePath), labels);
    }

    /// <summary>An image as the network sees it, not yet normalised.</summary>
    public Volume<float> AsSeen(Volume<float> image) => Resized is { } size ? Resizing.Image(image, size) : image;

    /// <summary>Labels in the size that the network sees.</summary>
    public Volume<int> AsSeen(Volume<int> labels) => Resized is { } size ? Resizing.Labels(labels, size) : labels;
}
