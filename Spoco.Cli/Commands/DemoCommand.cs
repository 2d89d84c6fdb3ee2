using System.CommandLine;
using System.Globalization;
using Spoco.Cli.Data;
using Spoco.Cli.Demo;
using Spoco.Cli.Evaluation;
using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco demo</c></summary>
internal static class DemoCommand
{
    private const int Iterations = 1200;
    private const int ImagesInPicture = 3;
    private const long Seed = 7;

    public static Command Create()
    {
        var output = new Option<string?>("--out") { Description = "Folder for everything the demo makes. Default: spoco-demo, or spoco-demo-2, ...", HelpName = "folder" };
        var iterations = new Option<int>("--iterations") { Description = "Training steps.", DefaultValueFactory = _ => Iterations };
        var precision = TrainSettingOptions.Precision();
        var common = new CommonOptions();
        var command = new Command("demo",
            "Draw images of crowded cells, train on them with a part of the objects labelled, segment images that training has not seen, show and score the result. "
            + "Needs no data; two to three minutes on two cores.") { output, iterations, precision }
            .WithExamples("spoco demo", "spoco demo --out /tmp/demo --device cuda:0");
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var folder = result.GetValue(output) ?? FreeFolder();
            var (data, model, segmentation) = (Path.Combine(folder, "cells"), Path.Combine(folder, "model"), Path.Combine(folder, "segmentation"));
            if (Directory.Exists(data))
                throw new InputException($"{folder}: holds a demo already; choose another folder with --out.");
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
                throw new InputException($"{folder}: is not empty; choose another folder with --out.");
            using var device = common.OpenDevice(result);
            var test = DemoData.Write(data, Seed, cancellation);
            var settings = DemoSettings(data, result.GetValue(iterations), PrecisionWords.Parse(result.GetValue(precision)!));
            Terminal.Note(string.Create(CultureInfo.InvariantCulture,
                $"Training on {data}: {settings.Labels.InstanceRatio:0%} of the objects of each image are labelled, the rest is unknown. Device {device}."));
            PrecisionWords.Say(device, settings.Optimiser.PrecisionOn(device));
            using var images = TrainingData.Load(settings, memory: null, cancellation);
            var report = TrainingRun.Run(settings, model, images, device, resume: false, cancellation);
            using var net = Checkpoint.Load(InputSelection.Model(model), device);
            var scores = new List<ImageScores>();
            var rows = new List<PanelCell[]>();
            Directory.CreateDirectory(segmentation);
            foreach (var item in DataFolder.Find(test))
            {
                cancellation.ThrowIfCancellationRequested();
                var (image, truth) = item.Load();
                var grey = ImageReading.WithChannels(image, net.Options.Network.InputChannels, item.ImagePath);
                using var seen = ModelImages.Apply(
                    net, grey, item.ImagePath, x => OrientationAverage.PredictOnDevice(net, x, orientations: 8, cancellation: cancellation));
                var prediction = seen.Prediction;
                var labels = InstanceSegmentation.Segment(prediction,
                    InstanceSegmentation.ForegroundOfLargestCluster(prediction, net.Options.Segmentation.Watershed, net.Device, cancellation),
                    net.Options.Segmentation, net.Device, cancellation);
                OutputFile.WriteLabels(Path.Combine(segmentation, item.Name), labels, item.ImagePath);
                scores.Add(ImageScores.Of(item.Name, truth, labels));
                if (rows.Count < ImagesInPicture)
                    rows.Add(Row(item.Name, grey, prediction, labels, truth));
            }

            var picture = Path.Combine(folder, "demo.png");
            Panel.Compose(rows).WritePng(picture);
            ScoreTable.Print(scores);
            Console.WriteLine(Terminal.Lines(string.Create(CultureInfo.InvariantCulture,
                $"""
                {report.Iterations} steps; AP@0.5 on {scores.Count} unseen images: {ImageScores.Mean(scores).AveragePrecision50:0.000}
                  picture        {picture}
                  images         {data}
                  model          {model}
                  segmentation   {segmentation}
                Next: spoco train --data {data} --out another-model
                """)));
            return Task.FromResult(Program.Success);
        });
        return command;
    }

    private static TrainSettings DemoSettings(string data, int iterations, Precision? precision) => new()
    {
        Source = new() { Data = data },
        Labels = new() { Supervision = Supervision.Sparse, InstanceRatio = 0.5 },
        Network = new() { NoForeground = true, Maps = [16, 32, 64] },
        Optimiser = new() { Iterations = iterations, LearningRate = 2e-3, Precision = precision },
        Validation = new() { Every = 250 },
        Seed = Seed,
    };

    private static PanelCell[] Row(string name, Volume<float> image, Prediction prediction, Volume<int> labels, Volume<int> truth) =>
    [
        new(name, Picture.OfImage(image)), new("embeddings", EmbeddingPicture.Draw(prediction.Embeddings)),
        new("segmentation", Overlay.Filled(Picture.OfImage(image), labels)), new("truth", Overlay.Filled(Picture.OfImage(image), truth)),
    ];

    private static string FreeFolder()
    {
        for (var i = 1; ; i++)
        {
            var folder = i == 1 ? "spoco-demo" : $"spoco-demo-{i}";
            if (!Directory.Exists(folder))
                return folder;
        }
    }
}
