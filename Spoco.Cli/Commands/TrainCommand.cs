using System.CommandLine;
using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco train</c></summary>
internal static class TrainCommand
{
    private const double GibiByte = 1L << 30;

    public static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "Folder for the model, its checkpoints, log.csv and data.csv (which images and how many of their objects are used).",
            Required = true, HelpName = "folder",
        };
        var resume = new Option<bool>("--resume")
        {
            Description = "Continue the training in --out, bit for bit as if it had not been interrupted. Its settings are those it was started with; --precision may be another one.",
        };
        var changedData = new Option<bool>("--changed-data")
        {
            Description = "With --resume: go on also where images or labels are no longer those that the training was started with.",
        };
        var recipe = new Option<string?>("--recipe")
        {
            Description = $"Start from the settings of a training of the paper: {string.Join(", ", Recipe.All.Select(r => r.Name))}; spoco recipes prints them.",
            HelpName = "name",
        };
        var config = new Option<string?>("--config")
        {
            Description = "A JSON file of settings, named as the options below without dashes. Settings are those of the recipe, then of the file, then of the "
                + "command line; the later overrides.",
            HelpName = "file",
        };
        var memory = new Option<double?>("--memory")
        {
            Description = "GiB that images may take in memory; what finds no room is read from disk again and again (of HDF5 volumes, the boxes of the patches). "
                + "Default: a quarter of what there is. Does not change the result.",
            HelpName = "GiB",
        };
        var loaders = new Option<int?>("--loader-threads")
        {
            Description = "Threads that prepare patches. Default: one, and one more per four cores. Does not change the result.", HelpName = "count",
        };
        var settings = new TrainSettingOptions();
        var common = new CommonOptions();
        var command = new Command("train",
            "Train a model on images with labelled objects. Ctrl-C stops cleanly; --resume goes on. The best model on the validation images is kept as "
            + "best.safetensors, together with all settings; predict and segment use them.")
            { output, resume, changedData, recipe, config, memory, loaders }
            .WithExamples(
                "spoco train --data cells --out model",
                "spoco train --data cells --out model --supervision sparse --instance-ratio 0.4",
                "spoco train --data volume.h5 --out model --dim 3 --patch 32,64,64 --maps 32,64,128 --device cuda:0",
                "spoco train --recipe cvppp --data CVPPP2017/training --out model --instance-ratio 0.1",
                "spoco train --recipe cityscapes --class car --data cityscapes --out model --instance-ratio 0.4 --device cuda:0",
                "spoco train --recipe cvppp --data CVPPP2017/training --out model --budget 16 --budget-kind sparse",
                "spoco train --recipe vnc --data stack1 --out vnc",
                "spoco train --recipe mitoem --from vnc --data MitoEM-R --out mitoem --instance-ratio 0.01",
                "spoco train --data images --out pretrained --self-supervised",
                "spoco train --out model --resume");
        settings.AddTo(command);
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var folder = result.GetValue(output)!;
            if (result.GetValue(changedData) && !result.GetValue(resume))
                throw new InputException("--changed-data: belongs to --resume.");
            TrainSettings chosen;
            if (result.GetValue(resume))
            {
                if (result.GetValue(recipe) is not null || result.GetValue(config) is not null)
                    throw new InputException("--resume: goes on with the settings the training was started with; leave out --recipe and --config.");
                // The precision may be another one from here on, as the device may.
                chosen = settings.ReadPrecision(result, StoredSettings.OfFolder(folder));
                settings.RequireSame(chosen, result);
            }
            else
            {
                chosen = Choose(settings, result, result.GetValue(recipe), result.GetValue(config));
            }

            chosen.Validate();
            TrainingFolder.RequireFree(folder, chosen, result.GetValue(resume));
            using var device = common.OpenDevice(result);
            using var data = TrainingData.Load(chosen, Bytes(result.GetValue(memory)), cancellation);
            var onDisk = data.OnDisk > 0 ? $" ({data.OnDisk} of them on disk)" : "";
            Terminal.Note($"{data.Images.Train.Count} training and {data.Images.Validation.Count} validation images{onDisk}, {device}");
            PrecisionWords.Say(device, chosen.Optimiser.PrecisionOn(device));
            foreach (var note in data.Notes)
                Terminal.Note(note);
            var report = TrainingRun.Run(chosen, folder, data, device, result.GetValue(resume), cancellation, Threads(result.GetValue(loaders)),
                changedData: result.GetValue(changedData));
            var best = report.Best ?? default;
            if (best.Labelled is { } labelled)
            {
                Terminal.Result($"{report.Iterations} iterations, best validation {best.Segmented?.Labelled ?? labelled}: {folder}");
                return Task.FromResult(Program.Success);
            }

            var segmented = best.Segmented is not { } scores ? "" : string.Create(CultureInfo.InvariantCulture,
                $" (as spoco segment: {scores.Precision}, {scores.SymmetricBestDice:0.000})");
            Terminal.Result(string.Create(CultureInfo.InvariantCulture,
                $"{report.Iterations} iterations, best validation AP@0.5 {best.AveragePrecision50:0.000}, ")
                + string.Create(CultureInfo.InvariantCulture, $"SBD {best.SymmetricBestDice:0.000}{segmented}: {folder}"));
            return Task.FromResult(Program.Success);
        });
        return command;
    }

    /// <summary>Defaults, then recipe, configuration file, network of the model to start from, command line.</summary>
    internal static TrainSettings Choose(TrainSettingOptions options, ParseResult result, string? recipe, string? config)
    {
        var settings = recipe is null ? new TrainSettings() : Recipe.Named(recipe).Settings;
        if (config is not null)
            settings = options.ReadFile(config, settings);
        if (options.Read(result, settings).Network.From is { } model)
            settings = NetworkOfModel.Adopt(settings, InputSelection.Model(model));
        else if (recipe is "stem" or "mitoem")
            throw new InputException($"--recipe: {recipe} continues a model trained on other images; say which with --from.");
        return options.Read(result, settings);
    }

    private static long? Bytes(double? gibibytes) => gibibytes switch
    {
        null => null,
        >= 0 and <= 1e6 => (long)(gibibytes.Value * GibiByte),
        _ => throw new InputException($"--memory: expected a number of GiB from 0, got {gibibytes}."),
    };

    private static int Threads(int? count) => count switch
    {
        null => 1 + Environment.ProcessorCount / 4,
        >= 1 and <= 256 => count.Value,
        _ => throw new InputException($"--loader-threads: expected 1 to 256, got {count}."),
    };
}
