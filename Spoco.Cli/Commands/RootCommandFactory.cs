using System.CommandLine;

namespace Spoco.Cli.Commands;

/// <summary>Puts the commands together.</summary>
internal static class RootCommandFactory
{
    public static RootCommand Create()
    {
        var root = new RootCommand("Instance segmentation with pixel embeddings learned from a few labelled objects (SPOCO), on NVIDIA, AMD, Intel or no GPU.")
        {
            TrainCommand.Create(), RecipesCommand.Create(), PredictCommand.Create(), SegmentCommand.Create(), SuggestCommand.Create(), EvaluateCommand.Create(), CompareClusteringsCommand.Create(), ExperimentCommand.Create(), DevicesCommand.Create(), SelfTestCommand.Create(), DemoCommand.Create(),
        };
        ManualHelp.Attach(root);
        return root;
    }
}
