using Spoco.Cli.Files;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;
using Spoco.Tests.CommandLine;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.Threads;

/// <summary>The command line with more threads than processors, by <c>--threads</c> and by <c>SPOCO_THREADS</c>.</summary>
[HangLimit(120)]
public sealed class CommandLineThreadTests : FolderTests
{
    private const string Variable = "SPOCO_THREADS";

    private string? _before;

    [SetUp]
    public void NoteVariable() => _before = Environment.GetEnvironmentVariable(Variable);

    [TearDown]
    public void RestoreVariable() => Environment.SetEnvironmentVariable(Variable, _before);

    /// <summary>A trained model, what it predicts, and its segments do not depend on the number of threads.</summary>
    [Test]
    public void From_images_to_scores()
    {
        var data = DataSet.Write(PathOf("data"));
        var images = Path.Combine(data, "val", "images");
        byte[]? trained = null;
        foreach (var (threads, loaders) in new[] { (1, 1), (3, 4), (64, 16) })
        {
            Run($"train --data {data} --out {PathOf("model")} --patch 32,32 --maps 4,8 --embedding 4 --iterations 4 --validate-every 2 "
                + $"--threads {threads} --loader-threads {loaders}");
            var model = File.ReadAllBytes(Path.Combine(PathOf("model"), "last.safetensors"));
            Assert.That(model.AsSpan().SequenceEqual(trained ?? model), $"{threads} threads, {loaders} prepare batches");
            trained = model;
            if (threads < 64)
                Directory.Delete(PathOf("model"), recursive: true);
        }

        foreach (var threads in (int[])[1, .. ThreadCounts.All])
        {
            Run($"predict --model {PathOf("model")} --input {images} --out {PathOf($"e{threads}")} --threads {threads}");
            Run($"segment --model {PathOf("model")} --input {images} --out {PathOf($"s{threads}")} --threads {threads}");
        }

        Environment.SetEnvironmentVariable(Variable, "64");
        Run($"predict --model {PathOf("model")} --input {images} --out {PathOf("e")}");
        Run($"segment --model {PathOf("model")} --input {images} --out {PathOf("s")}");
        Run($"evaluate --prediction {PathOf("s")} --labels {Path.Combine(data, "val", "labels")} --json {PathOf("scores.json")}", device: "");
        Assert.That(new FileInfo(PathOf("scores.json")).Length, Is.GreaterThan(100));
        foreach (var number in (string[])["", .. ThreadCounts.All.Select(t => $"{t}")])
        {
            var (embeddings, expected) = (Embeddings($"e{number}"), Embeddings("e1"));
            Assert.That(embeddings.AsSpan().SequenceEqual(expected), $"embeddings, {number} threads");
            Assert.That(Segments($"s{number}"), Is.EqualTo(Segments("s1")), $"segments, {number} threads");
        }

        byte[] Segments(string folder) => File.ReadAllBytes(PathOf($"{folder}/cell0.png"));
        float[] Embeddings(string folder) => Hdf5File.Read<float>(PathOf($"{folder}/cell0.h5"), EmbeddingFile.F).Data;
    }

    [Test]
    public void Segments_in_blocks([ManyThreads] int threads, [Values] bool byVariable)
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 150, 140, 16, seed: 3);
        Hdf5File.WriteEmbeddings(PathOf("e.h5"), embeddings, EmbeddingFile.F);
        Environment.SetEnvironmentVariable(Variable, byVariable ? $"{threads}" : null);
        var option = byVariable ? "" : $"--threads {threads}";
        var run = Run($"segment --embeddings {PathOf("e.h5")} --memory 3MiB --out {PathOf("s.h5")} {option}");
        Assert.That(run.Error, Does.Contain("blocks").And.Not.Contain("in 1 blocks"));
        var expected = SequentialMutexWatershed.FromEmbeddings(embeddings).Data;
        Assert.That(Hdf5File.Read<int>(PathOf("s.h5"), "label").Data.AsSpan().SequenceEqual(expected));
    }

    /// <summary>Scores share nothing: images may be scored side by side.</summary>
    [Test]
    public void Scores_on_many_threads_are_those_of_one([ManyThreads] int threads)
    {
        var embeddings = Enumerable.Range(0, 8).Select(i => MutexWatershedEqualityTests.NoisyCells(1, 40, 50, 8, i));
        var volumes = embeddings.Select(e => MutexWatershed.FromEmbeddings(e)).ToArray();
        string[] expected = [.. volumes.Select((volume, i) => Text(volumes[0], volume))];
        var scores = new string[64];
        Parallel.For(
            0, scores.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => scores[i] = Text(volumes[0], volumes[i % 8]));
        Assert.That(scores, Is.EqualTo(Enumerable.Range(0, scores.Length).Select(i => expected[i % 8])));

        static string Text(Spoco.Engine.Volume<int> truth, Spoco.Engine.Volume<int> predicted)
        {
            var s = ImageScores.Of("a", truth, predicted);
            return $"{s.SymmetricBestDice} {string.Join(' ', s.AveragePrecision)} {s.AdaptedRandError} {s.SplitInformation} {s.MergeInformation}";
        }
    }

    private static CommandLineRun Run(string arguments, string device = " --device cpu") =>
        CommandLineRun.Of((arguments + device).Split(' ', StringSplitOptions.RemoveEmptyEntries)).AssertSuccess();
}
