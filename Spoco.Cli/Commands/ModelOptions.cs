using System.CommandLine;
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
        Description = "Images (PNG, TIFF, HDF5), or folders of them.", AllowMultipleArgumentsPerToken = true, HelpName = "files",
    };

    /// <summary>Normalises an image and applies a model to it; what does not fit is said with the file's name.</summary>
    /// <exception cref="InputException">The image does not fit the model.</exception>
    public static Prediction Predict(Volume<float> image, string path, Func<Volume<float>, Prediction> predict)
    {
        try
        {
            return predict(Normalisation.Apply(image, name: path));
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{path}: {e.Message}", e);
        }
    }
}
