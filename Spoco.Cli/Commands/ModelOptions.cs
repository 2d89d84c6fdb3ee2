using System.CommandLine;
using Spoco.Cli.Training;

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

    /// <summary>How the network computes.</summary>
    public static Option<string> Precision() => PrecisionWords.Option("what the model says, fp32 where it says nothing");

    /// <summary>The image's dataset: what the command line says, else what the model was trained with.</summary>
    public static string RawName(ParseResult result, CommonOptions common, TrainSettings? trained) =>
        CommonOptions.Given(result, common.RawName) ?? trained?.Source.RawName ?? result.GetValue(common.RawName)!;
}
