using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Embedding;

/// <summary>The program of docs/embedding.md, between its own lines; <see cref="EmbeddingProgramTests"/> compares the two and runs it.</summary>
internal static class EmbeddingProgram
{
    public static (TrainingReport Report, Volume<int> Segments) Run(string folder)
    {
        Directory.SetCurrentDirectory(folder);

        // The document's program begins.
        // Ten images of round cells with their labels: every number above 0 is one cell.
        var (images, labels, random) = (new List<Volume<float>>(), new List<Volume<int>>(), new Random(1));
        for (var n = 0; n < 10; n++)
        {
            var (image, label) = (new Volume<float>(depth: 1, height: 64, width: 64), new Volume<int>(1, 64, 64));
            for (var cell = 1; cell <= 6; cell++)
            {
                var (row, column, brightness) = (random.Next(8, 56), random.Next(8, 56), random.Next(50, 100));
                for (var i = 0; i < 64 * 64; i++)
                    if ((i / 64 - row) * (i / 64 - row) + (i % 64 - column) * (i % 64 - column) < 49)
                        (image.Data[i], label.Data[i]) = (brightness + random.Next(20), cell);
            }

            images.Add(image);
            labels.Add(label);
        }

        using var device = ComputeDevice.Open("cpu");
        var settings = new TrainingSettings
        {
            Data = new() { Patch = [48, 48] }, Network = new() { Maps = [8, 16] }, Optimiser = new() { Iterations = 500 },
        };
        var (model, report) = SpocoTraining.Run(images, labels, settings, device, new TrainingObserver(progress =>
        {
            if (progress.Validation is { } validation)
                Console.WriteLine($"{validation.Iteration} steps: loss {validation.Result.Loss:0.000}, AP {validation.Result.AveragePrecision50:0.000}");
        }));
        using var disposed = model;
        Console.WriteLine($"expected: AP {report.ExpectedScore:0.000}, in the foreground from p = {model.Options.ForegroundThreshold}");
        Checkpoint.Save("cells.safetensors", model);
        Volume<int> segments = model.Segment(images[0]);
        Console.WriteLine($"{segments.Data.Max()} cells in the first image");
        // It ends.
        return (report, segments);
    }
}
