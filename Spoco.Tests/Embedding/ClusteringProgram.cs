using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Clustering;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Tests.Embedding;

/// <summary>The second program of docs/embedding.md, between its own lines; <see cref="ClusteringProgramTests"/> compares the two and runs it.</summary>
internal static class ClusteringProgram
{
    public static (int[] Labels, Volume<int> Segments) Run(string folder, Volume<float> image)
    {
        Directory.SetCurrentDirectory(folder);

        // The document's program begins.
        // Points from anywhere: three heaps of 100 on a circle, and 20 scattered around them.
        var (values, random) = (new float[320, 2], new Random(1));
        for (var i = 0; i < 320; i++)
        {
            var (angle, spread) = (i / 100 * Math.Tau / 3, i < 300 ? 0.2 : 30);
            values[i, 0] = (float)(3 * Math.Cos(angle) + spread * (random.NextDouble() - 0.5));
            values[i, 1] = (float)(3 * Math.Sin(angle) + spread * (random.NextDouble() - 0.5));
        }

        using var device = ComputeDevice.Open("cpu");
        HdbscanResult found = Hdbscan.Cluster(Points.Of(values), new HdbscanOptions { MinClusterSize = 50, MinSamples = 5 }, device);
        Console.WriteLine($"{found.Labels.Max()} clusters, {found.Labels.Count(label => label == 0)} points in none");

        // The pixels of an image, by any clustering; what becomes of the segments is said beside it.
        using var model = Checkpoint.Load("cells.safetensors", device);
        IClustering clustering = new HdbscanClustering(new HdbscanOptions { MinClusterSize = 30, SelectionEpsilon = model.Options.PullMargin });
        Volume<int> segments = model.Segment(image, options: model.Options.Segmentation with { Clustering = clustering, Fill = true });

        // The clustering alone, of what the model says of the image.
        Prediction prediction = model.Predict(model.Normalise(image), withMomentum: true);
        Volume<int> consistent = new ConsistencyClustering().Cluster(prediction, InstanceSegmentation.Threshold(prediction.Foreground!), device);
        Console.WriteLine($"{segments.Data.Max()} cells, {consistent.Data.Max()} of mean-shift look the same in g");
        // It ends.
        return (found.Labels, segments);
    }
}
