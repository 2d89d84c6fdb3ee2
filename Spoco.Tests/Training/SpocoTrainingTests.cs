using System.Text.Json;
using Spoco.Cli.Demo;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;
using Spoco.Tests.CommandLine;

namespace Spoco.Tests.Training;

/// <summary>Trainings through the engine alone, on images in memory.</summary>
public sealed class SpocoTrainingTests : FolderTests
{
    private static readonly TrainingSettings Small = new()
    {
        Data = new() { Patch = [32, 32], BatchSize = 2 }, Network = new() { Maps = [4, 8], Embedding = 4 }, Optimiser = new() { Iterations = 12 }, Validation = new() { Every = 4 },
    };

    [Test]
    public void An_interrupted_training_goes_on_with_the_same_bits([Values(Supervision.Full, Supervision.Sparse)] Supervision supervision)
    {
        var device = TestDevices.Open("cpu");
        var settings = Small with { Labels = new() { Supervision = supervision, InstanceRatio = supervision == Supervision.Sparse ? 0.5 : 1 } };
        var data = Cells(settings);
        TrainingReport whole;
        using (var training = SpocoTraining.Start(data, settings, device))
        {
            whole = training.Run();
            training.Save(PathOf("whole"));
        }

        using (var source = new CancellationTokenSource())
        using (var training = SpocoTraining.Start(data, settings, device))
        {
            var observer = new TrainingObserver(progress =>
            {
                if (progress.Step.Iteration == 6)
                    source.Cancel();
            });
            Assert.That(() => training.Run(observer, source.Token), Throws.InstanceOf<OperationCanceledException>());
            Assert.That((training.Iteration, training.Best is not null), Is.EqualTo((7, true)), "one validation is done");
            training.Save(PathOf("parts"));
        }

        var stored = SpocoTraining.SettingsOf(PathOf("parts"))!;
        Assert.That(stored.ToJson(), Is.EqualTo(settings.ToJson()));
        using (var training = SpocoTraining.Resume(PathOf("parts"), data, stored, device))
        {
            var rest = training.Run();
            training.Save(PathOf("parts"));
            Assert.That(rest.Losses, Is.EqualTo(whole.Losses.Skip(7)));
            Assert.That(rest.Validations, Is.EqualTo(whole.Validations.Skip(1)));
        }

        Assert.That(File.ReadAllBytes(PathOf("parts")), Is.EqualTo(File.ReadAllBytes(PathOf("whole"))));
        var others = Cells(settings with { Seed = 2 }, seed: 9);
        Assert.That(() => SpocoTraining.Resume(PathOf("parts"), others, stored, device).Dispose(), Throws.TypeOf<InputException>().With.Message.Contains("train/0 has changed"));
    }

    /// <summary>The engine on arrays and the command line on files compute the same.</summary>
    [Test]
    public void Arrays_train_as_files_do()
    {
        var data = DataSet.Write(PathOf("data"));
        CommandLineRun.Of("train", "--data", data, "--out", PathOf("model"), "--patch", "32,32", "--batch-size", "2", "--maps", "4,8", "--embedding", "4",
            "--iterations", "12", "--validate-every", "4", "--device", "cpu").AssertSuccess();
        var (train, validation) = (Read("train"), Read("val"));
        using var training = SpocoTraining.Start(TrainingSet.Of(train.Images, train.Labels, Small, validation), Small, TestDevices.Open("cpu"));
        training.Run();
        training.Save(PathOf("arrays"));

        var (files, arrays) = (SafeTensors.Open(PathOf("model/last.safetensors")), SafeTensors.Open(PathOf("arrays")));
        Assert.That(arrays.Entries.Keys, Is.EqualTo(files.Entries.Keys));
        foreach (var name in arrays.Entries.Values.Where(entry => entry.Type == SafeTensorType.F32).Select(entry => entry.Name))
            Assert.That(arrays.Read(name), Is.EqualTo(files.Read(name)), name);
        Assert.That(arrays.Metadata["spoco.best"], Is.EqualTo(files.Metadata["spoco.best"]));
        Assert.That(arrays.Metadata["spoco.model"], Is.EqualTo(files.Metadata["spoco.model"]));

        (IReadOnlyList<Volume<float>> Images, IReadOnlyList<Volume<int>> Labels) Read(string part) =>
            ([.. Directory.GetFiles(Path.Combine(data, part, "images")).Order(StringComparer.Ordinal).Select(file => InputFile.ReadImage(file))],
                [.. Directory.GetFiles(Path.Combine(data, part, "labels")).Order(StringComparer.Ordinal).Select(file => InputFile.ReadLabels(file))]);
    }

    [Test]
    public void What_does_not_fit_is_said_before_anything_is_computed()
    {
        var (image, labels) = (new Volume<float>(1, 40, 40), new Volume<int>(1, 40, 40));
        Assert.That(() => TrainingSet.Of([image], [], Small), Throws.TypeOf<InputException>().With.Message.Contains("1 images and 0 labels"));
        Assert.That(() => TrainingSet.Of([image], [new Volume<int>(1, 40, 41)], Small), Throws.TypeOf<InputException>().With.Message.Contains("labels of image 0 are 40x41"));
        Assert.That(() => TrainingSet.Of([image], [labels], Small), Throws.TypeOf<InputException>().With.Message.Contains("no labelled object"));
        labels.Data[7] = -3;
        Assert.That(() => TrainingSet.Of([image], [labels], Small), Throws.TypeOf<InputException>().With.Message.Contains("label -3"));
        labels.Data[7] = 1;
        Assert.That(() => TrainingSet.Of([new Volume<float>([.. Enumerable.Repeat(float.NaN, 1600)], 1, 40, 40)], [labels], Small), Throws.TypeOf<InputException>());
    }

    /// <summary>The next batch is staged while a step runs: what is wrong with it comes after the step, which counts.</summary>
    [Test]
    public void A_step_is_told_of_whatever_the_next_batch_holds()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        var (image, labels) = SyntheticCells.Draw(3, 0, 48, 48);
        var settings = Small with { Optimiser = Small.Optimiser with { Iterations = 200 }, Validation = Small.Validation with { Every = 200 } };
        var data = TrainingSet.Of([image, image], [labels, labels], settings);
        using var training = SpocoTraining.Start(data, settings, device);
        var told = 0;
        Assert.That(() => training.Run(new TrainingObserver(_ =>
        {
            told++;
            foreach (var item in data.Train.Cast<TrainingItem>())
                item.Image.Data.AsSpan().Fill(float.NaN);
        })), Throws.ArgumentException.With.Message.Contains("not a number"));
        Assert.That(told, Is.InRange(1, 199));
        Assert.That(training.Iteration, Is.EqualTo(told));
    }

    /// <summary>Settings are kept whole, and what a file leaves out is the default: generated readers of JSON would make it 0.</summary>
    [Test]
    public void Settings_are_kept_as_one_object_and_may_be_left_out()
    {
        var settings = Small with
        {
            Seed = 5, NoAugmentation = true, Critic = new() { Enabled = true, Maps = [4], WarmUp = 1 }, Loss = new() { ForegroundShare = 0.25 }, Augmentation = new() { Flips = FlipAxes.None, Hue = 0.25 },
            Labels = new() { Supervision = Supervision.Sparse, KnownObjects = ["a:1"], IgnoreLabel = -1 },
        };
        var read = TrainingSettings.FromJson(settings.ToJson());
        Assert.That(read.ToJson(), Is.EqualTo(settings.ToJson()));
        Assert.That((read.Seed, read.NoAugmentation, read.Critic.WarmUp, read.Augmentation.Hue, read.Labels.KnownObjects[0]), Is.EqualTo((5, true, 1, 0.25, "a:1")));

        using var json = JsonDocument.Parse(new TrainingSettings().ToJson());
        Assert.That(json.RootElement.EnumerateObject().Select(property => property.Name).ToArray(), Is.Unique.And.Length.EqualTo(63));
        var empty = TrainingSettings.FromJson("{\"Normalise\":\"none\",\"FreePatches\":null,\"Precision\":null,\"Later\":{\"x\":1}}");
        var expected = new TrainingSettings { Data = new() { Normalise = "none" } };
        Assert.That(empty.ToJson(), Is.EqualTo(expected.ToJson()));
        Assert.That(() => TrainingSettings.FromJson("[]"), Throws.InstanceOf<JsonException>());
        Assert.That(() => TrainingSettings.FromJson("{\"Maps\":7}"), Throws.InstanceOf<JsonException>());
        Assert.That(() => TrainingSettings.FromJson("{\"Seed\":1.5}"), Throws.InstanceOf<JsonException>());
    }

    private static TrainingSet Cells(TrainingSettings settings, int seed = 3)
    {
        var cells = Enumerable.Range(0, 5).Select(i => Spoco.Cli.Demo.SyntheticCells.Draw(seed, i, 48, 48)).ToArray();
        return TrainingSet.Of([.. cells.Select(cell => cell.Image)], [.. cells.Select(cell => cell.Labels)], settings);
    }
}
