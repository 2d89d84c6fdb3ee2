using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

namespace Spoco.Tests.CommandLine;

/// <summary>One training at a time in a folder, and what is found there when one goes on.</summary>
public sealed class TrainingFolderTests : FolderTests
{
    private string Model => PathOf("model");

    private string Best => Path.Combine(Model, "best.safetensors");

    [Test]
    public void A_folder_that_trains_takes_no_second_training()
    {
        Directory.CreateDirectory(Model);
        using (FolderLock.Hold(Model))
        {
            Train().AssertBadInput("model", "another spoco works in it");
            Assert.That(() => FolderLock.Hold(Model), Throws.TypeOf<InputException>());
        }

        Assert.That(Directory.GetFiles(Model), Is.Empty);
        Train().AssertSuccess();
        using (FolderLock.Hold(Model))
            Resume().AssertBadInput("model", "another spoco works in it");
        Assert.That(Directory.GetFiles(Model), Has.Length.EqualTo(4), "the lock is gone");
    }

    [Test]
    public void What_killed_trainings_leave_is_removed()
    {
        Train().AssertSuccess();
        string[] left =
        [
            "last.safetensors.tmp-12345678", "best.safetensors.tmp-abcdef01", "log.csv.tmp-00000000", "data.csv.tmp-00000001", "spoco.lock",
        ];
        foreach (var name in left)
            File.WriteAllText(Path.Combine(Model, name), "");
        File.WriteAllText(Path.Combine(Model, "mine.tmp-12345678"), "");
        Resume().AssertSuccess();
        Assert.That(Directory.GetFiles(Model).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "best.safetensors", "data.csv", "last.safetensors", "log.csv", "mine.tmp-12345678" }));
    }

    [TestCase("gone")]
    [TestCase("cut")]
    [TestCase("changed")]
    public void A_best_model_that_is_not_what_was_written_is_written_anew_and_said(string how)
    {
        Train().AssertSuccess();
        var bytes = File.ReadAllBytes(Best);
        bytes[^5] ^= 1;
        File.Delete(Best);
        if (how != "gone")
            File.WriteAllBytes(Best, how == "cut" ? bytes[..1000] : bytes);
        var run = Resume().AssertSuccess();
        Assert.That(run.Error, Does.Contain("best.safetensors " + (how == "gone" ? "is missing" : "is damaged")).And.Contain("after 2 iterations"));
        Assert.That(SafeTensors.Open(Best).Metadata, Does.ContainKey("spoco.best"));
        Assert.That(Resume().AssertSuccess().Error, Does.Not.Contain("best.safetensors"));
    }

    [Test]
    public void A_changed_byte_of_a_model_is_noticed()
    {
        Train().AssertSuccess();
        var (bytes, image) = (File.ReadAllBytes(Best), Path.Combine(PathOf("data"), "val", "images"));
        var settings = bytes.AsSpan().IndexOf("LearningRate"u8) + 16;
        var values = sizeof(long) + (int)BitConverter.ToInt64(bytes);
        foreach (var at in new[] { settings, values, (values + bytes.Length) / 2, bytes.Length - 1 })
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= 1;
            File.WriteAllBytes(Best, changed);
            CommandLineRun.Of("predict", "--model", Model, "--input", image, "--out", PathOf("out"), "--device", "cpu")
                .AssertBadInput("best.safetensors", "damaged");
            CommandLineRun.Of("train", "--data", PathOf("data"), "--from", Best, "--out", PathOf("other"), "--patch", "32,32",
                "--iterations", "1", "--device", "cpu").AssertBadInput("best.safetensors", "damaged");
        }
    }

    [Test]
    public void A_start_that_was_broken_off_is_simply_repeated()
    {
        Train().AssertSuccess();
        File.Delete(Best);
        File.Delete(Path.Combine(Model, "last.safetensors"));
        File.WriteAllText(Path.Combine(Model, "log.csv"), "");
        Train().AssertSuccess();
    }

    private CommandLineRun Train()
    {
        var data = PathOf("data");
        if (!Directory.Exists(data))
            DataSet.Write(data);
        return CommandLineRun.Of("train", "--data", data, "--out", Model, "--patch", "32,32", "--maps", "4,8", "--embedding", "4",
            "--iterations", "2", "--device", "cpu");
    }

    private CommandLineRun Resume() => CommandLineRun.Of("train", "--out", Model, "--resume", "--device", "cpu");
}
