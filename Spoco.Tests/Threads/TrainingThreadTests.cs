using System.Diagnostics;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.Training;

namespace Spoco.Tests.Threads;

/// <summary>
/// Training, prediction and segmentation of small networks with more threads than processors: any number of them gives the same bits.
/// </summary>
[HangLimit(120)]
public sealed class TrainingThreadTests
{
    private const int Steps = 4;

    private static readonly Dictionary<string, (double[] Losses, float[] State)> OfOneThread = [];

    [Test]
    public void Training_gives_the_bits_of_one_thread(
        [ManyThreads] int threads, [Values("bcr", "gcr", "adversarial", "volume")] string kind)
    {
        if (!OfOneThread.TryGetValue(kind, out var expected))
        {
            using var one = ThreadCounts.Open(1);
            OfOneThread[kind] = expected = Train(one, kind);
        }

        using var device = ThreadCounts.Open(threads);
        for (var repetition = 0; repetition < 2; repetition++)
        {
            var actual = Train(device, kind);
            Assert.That(actual.Losses, Is.EqualTo(expected.Losses));
            Assert.That(actual.State.AsSpan().SequenceEqual(expected.State), "parameters and statistics of both networks");
        }
    }

    [Test]
    public void Prediction_gives_the_bits_of_one_thread(
        [ManyThreads] int threads, [Values("bcr", "gcr", "volume")] string kind)
    {
        using var one = ThreadCounts.Open(1);
        using var device = ThreadCounts.Open(threads);
        var (expected, labels) = Predict(one, kind);
        for (var repetition = 0; repetition < 3; repetition++)
        {
            var (actual, found) = Predict(device, kind);
            Assert.That(actual.Embeddings.Data.AsSpan().SequenceEqual(expected.Embeddings.Data));
            Assert.That(actual.Foreground!.Data.AsSpan().SequenceEqual(expected.Foreground!.Data));
            Assert.That(found.Data.AsSpan().SequenceEqual(labels.Data), "the instances, from merged fragments to flooded borders");
        }
    }

    /// <summary>For <c>SPOCO_STRESS_MINUTES</c> (2 where it is not set), each number of threads.</summary>
    [Test]
    [Category("Long")]
    public void Training_and_prediction_for_minutes([Values(8, 64)] int threads)
    {
        var time = StressTime.Minutes;
        var start = Stopwatch.GetTimestamp();
        using var device = ThreadCounts.Open(threads);
        string[] kinds = ["bcr", "gcr", "volume"];
        var trained = kinds.Select(kind => Train(device, kind)).ToArray();
        var predicted = kinds.Select(kind => Predict(device, kind)).ToArray();
        var repetitions = 0;
        try
        {
            for (; Stopwatch.GetElapsedTime(start) < time; repetitions++)
            {
                var kind = repetitions % kinds.Length;
                HangLimitAttribute.Note($"repetition {repetitions}, {kinds[kind]}, {threads} threads");
                Assert.That(Train(device, kinds[kind]).State.AsSpan().SequenceEqual(trained[kind].State), $"training, {kinds[kind]}");
                var (prediction, labels) = Predict(device, kinds[kind]);
                var expected = predicted[kind].Prediction.Embeddings.Data;
                Assert.That(prediction.Embeddings.Data.AsSpan().SequenceEqual(expected), $"embeddings, {kinds[kind]}");
                Assert.That(labels.Data.AsSpan().SequenceEqual(predicted[kind].Labels.Data), $"labels, {kinds[kind]}");
            }
        }
        finally
        {
            StressTime.Print(threads, repetitions, start);
        }
    }

    private static (Prediction Prediction, Volume<int> Labels) Predict(ComputeDevice device, string kind)
    {
        using var model = new SpocoModel(device, Model(kind) with { Foreground = true, SizeFloor = 4 });
        model.Initialise(2);
        var image = kind == "volume" ? new Volume<float>(6, 33, 37) : new Volume<float>(1, 101, 93);
        GradientCheck.RandomValues(new Random(3), image.Data.Length).CopyTo(image.Data.AsSpan());
        var prediction = OrientationAverage.Predict(model, image, orientations: 2);
        return (prediction, InstanceSegmentation.SegmentLearned(prediction, 0.2, model.Options.Segmentation with { MergeDistance = 0.1 }, device));
    }

    private static (double[] Losses, float[] State) Train(ComputeDevice device, string kind)
    {
        var shape = kind == "volume" ? new TensorShape(1, 6, 20, 24, 1) : new TensorShape(2, 1, 41, 52, 1);
        using var model = new SpocoModel(device, Model(kind));
        using var trainer = new SpocoTrainer(model, new TrainingOptions
        {
            Loss = new SpocoLossOptions { Supervision = Supervision.Sparse },
            Schedule = new ScheduleOptions { LearningRate = 1e-3, Iterations = 300 },
            Momentum = 0.9,
            Adversarial = kind == "adversarial"
                ? new AdversarialOptions { Patch = shape with { N = 1 }, WarmUp = 1, CriticSteps = 2, Masks = 3, FeatureMaps = [4, 8] } : null,
        });
        model.Initialise(1);
        var losses = new double[Steps];
        for (var i = 0; i < Steps; i++)
        {
            for (var c = 0; c < trainer.CriticBatches; c++)
                trainer.TrainCritic(DiscImages.Batch(shape, 100 + 10 * i + c));
            losses[i] = trainer.Step(DiscImages.Batch(shape, i)).Loss;
        }

        return (losses,
        [
            .. model.EmbeddingNet.Parameters.Values.ToArray(), .. model.EmbeddingNet.Parameters.Statistics.ToArray(),
            .. model.MomentumNet.Parameters.Values.ToArray(), .. model.MomentumNet.Parameters.Statistics.ToArray(),
        ]);
    }

    private static SpocoModelOptions Model(string kind) => new()
    {
        Network = new UNetOptions
        {
            FeatureMaps = [8, 16, 32], Order = kind == "gcr" ? "gcr" : "bcr", Groups = 4, Dimensions = kind == "volume" ? 3 : 2,
        },
        EmbeddingDimensions = 8,
    };
}
