using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Data;

/// <summary>Images that a model is applied to.</summary>
internal static class ModelImages
{
    /// <summary>Reads an image with the channels that the model takes, in the size that it was trained at.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rawName">The dataset's name; used for HDF5 only.</param>
    /// <param name="channels">The channels that the model takes.</param>
    /// <param name="resized">The size in which the network sees images; null = as they are.</param>
    /// <exception cref="InputException">The file is damaged, or its channels do not fit.</exception>
    public static (Volume<float> AsStored, Volume<float> AsSeen) Read(string path, string rawName, int channels, PatchExtents? resized)
    {
        var image = InputFile.ReadImage(path, rawName, channels);
        return (image, resized is { } size ? Resizing.Image(image, size) : image);
    }

    /// <summary>Normalises an image as a model's training did and applies the model to it; what does not fit is said with the file's name.</summary>
    /// <exception cref="InputException">The image does not fit the model.</exception>
    public static T Apply<T>(SpocoModel net, Volume<float> image, string path, Func<Volume<float>, T> apply)
    {
        var least = net.Options.Network.MinimumSize;
        if (image.Depth < least.D || image.Height < least.H || image.Width < least.W)
            throw new InputException($"{path}: the image is {new PatchExtents(image.Depth, image.Height, image.Width)}, "
                + $"too small for this model, which needs at least {new PatchExtents(least.D, least.H, least.W)}.");
        try
        {
            return apply(net.Normalise(image, path));
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{path}: {ReadFailure.Message(e)}", e);
        }
    }
}
