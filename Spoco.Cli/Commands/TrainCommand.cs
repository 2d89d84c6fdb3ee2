using System.CommandLine;
using System.Globalization;
using Spoco.Cli.Training;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco train</c></summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--out") { Description = "Folder for the model, its checkpoints and log.csv.", Required = true, HelpName = "folder" };
        var resume = new Option<bool>("--resume")
        {
            Description = "Continue the training in --out, bit for bit as if it had not been interrupted. Its settings are those it was started with.",
        };
        var settings = new TrainSettingOptions();
        var common = new CommonOptions();
        var command = new Command("train",
            "Train a model on images with labelled objects. Ctrl-C stops cleanly; --resume goes on. The best model on the validation images is kept as "
            + "best.safetensors.") { output, resume }
            .WithExamples(
                "spoco train --data cells --out model",
                "spoco train --data cells --out model --supervision sparse --instance-ratio 0.4",
                "spoco train --data volume.h5 --out model --dim 3 --patch 32,64,64 --maps 32,64,128 --device cuda:0",
                "spoco train --out model --resume");
        settings.AddTo(command);
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var folder = result.GetValue(output)!;
            TrainSettings chosen;
            if (result.GetValue(resume))
            {
                chosen = TrainingRun.StoredSettings(folder);
                settings.RequireSame(chosen, result);
            }
            else
            {
                chosen = settings.Read(result);
            }

            chosen.Validate();
            using var device = common.OpenDevice(result);
            var data = TrainingData.Load(chosen, cancellation);
            Console.Error.WriteLine($"{data.Train.Count} training and {data.Validation.Count} validation images, {device}");
            var summary = TrainingRun.Run(chosen, folder, data, device, result.GetValue(resume), cancellation);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{summary.Iterations} iterations, best validation AP@0.5 {summary.Best.AveragePrecision50:0.000}, SBD {summary.Best.SymmetricBestDice:0.000}: {folder}"));
            return Task.FromResult(Program.Success);
        });
        return command;
    }
}
