using System.Text.RegularExpressions;
using Spoco.Engine;

namespace Spoco.Cli.Training;

/// <summary>Errors of the engine about settings, in the words of the command line.</summary>
internal static partial class SettingErrors
{
    // The argument of SpocoTraining.Resume.
    private static readonly KeyValuePair<string, string> ChangedData = new("changedData", "--changed-data");

    /// <summary>The message of an error; of one about a setting, with options in place of properties: <c>Labels.Budget</c> becomes <c>--budget</c>.</summary>
    public static string Message(InputException error)
    {
        if (error.Setting is null)
            return error.Message;
        var options = new Dictionary<string, string>(new TrainSettingOptions().NamesByPath.Append(ChangedData));
        return Name().Replace(error.Message, name => options.GetValueOrDefault(name.Value, name.Value));
    }

    [GeneratedRegex(@"\w+(\.\w+)?")]
    private static partial Regex Name();
}
