using System.CommandLine;
using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;

namespace Spoco.Cli.Commands;

/// <summary>What the commands that apply a model share.</summary>
internal static class ModelOptions
{
    public static Option<string> Model(bool required = true) => new("--model")
    {
        Description = "A trained model: the output folder of spoco train (its best model), or a .safetensors file.", Required = required, HelpName = "path",
    };

    public static Option<string[]> Input() => new("--input")
    {
        Description = "Images (PNG, TIFF, HDF5), or folders of them; of a data set in a published layout, its images.", AllowMultipleArgumentsPerToken = true, HelpName = "files",
    };

    /// <summary>The image's dataset: what the command line says, else what the model was trained with.</summary>
    public static string RawName(ParseResult result, CommonOptions common, TrainSettings? trained) =>
        result.GetResult(common.RawName) is { Implicit: false } || trained is null ? result.GetValue(common.RawName)! : trained.RawName;

    /// <summary>Reads an image with the channels that the model takes, in the size that it was trained at.</summary>
    /// <exception cref="InputException">The file is damaged, or its channels do not fit.</exception>
    public static (Volume<float> AsStored, Volume<float> AsSeen) ReadImage(string path, string rawName, int channels, TrainSettings? trained)
    {
        var image = InputFile.ReadImage(path, rawName, channels);
        return (image, trained?.Resized is { } size ? Resizing.Image(image, size) : image);
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
