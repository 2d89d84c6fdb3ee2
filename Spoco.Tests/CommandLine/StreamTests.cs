using System.Text;
using Spoco.Cli;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary>Standard streams that are closed or lead to a full disk, and a current folder that is gone.</summary>
public sealed class StreamTests : FolderTests
{
    [Test]
    public void Lines_that_cannot_be_printed_cost_no_training()
    {
        var data = DataSet.Write(PathOf("data"));
        Assert.That(Run(null, new Broken(), "train", "--data", data, "--out", PathOf("model"), "--patch", "32,32", "--maps", "4,8",
            "--embedding", "4", "--iterations", "2", "--device", "cpu"), Is.Zero);
        Assert.That(File.Exists(PathOf("model/best.safetensors")), Is.True);
        Assert.That(Run(null, new Broken(), "segment", "--model", "nowhere", "--input", data, "--out", PathOf("out")), Is.EqualTo(2));
    }

    [Test]
    public void A_table_that_cannot_be_printed_does_not_cost_the_files()
    {
        var labels = new Volume<int>(1, 8, 8);
        labels.Data[9] = 1;
        PngFile.WriteLabels(PathOf("a.png"), labels);
        var error = new StringWriter();
        var code = Run(new Broken(), error, "evaluate", "--prediction", PathOf("a.png"), "--labels", PathOf("a.png"), "--json", PathOf("a.json"),
            "--objects", PathOf("a.csv"));
        new CommandLineRun(code, "", error.ToString()).AssertBadInput("standard output", "cannot be written");
        Assert.That((File.Exists(PathOf("a.json")), File.Exists(PathOf("a.csv"))), Is.EqualTo((true, true)));
    }

    [Test]
    public void Results_that_cannot_be_printed_are_said_to_be_so()
    {
        var error = new StringWriter();
        new CommandLineRun(Run(new Broken(), error, "recipes"), "", error.ToString()).AssertBadInput("standard output", "cannot be written");
    }

    [Test]
    public void The_streams_are_those_of_the_caller_afterwards()
    {
        var (output, error) = (Console.Out, Console.Error);
        CommandLineRun.Of("recipes").AssertSuccess();
        Assert.That((Console.Out, Console.Error), Is.EqualTo((output, error)));
    }

    [Test]
    public void A_current_folder_that_is_gone()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("There the folder cannot be deleted.");
        var before = Directory.GetCurrentDirectory();
        Directory.CreateDirectory(PathOf("gone"));
        PngFile.WriteLabels(PathOf("a.png"), new Volume<int>(1, 8, 8));
        try
        {
            Directory.SetCurrentDirectory(PathOf("gone"));
            Directory.Delete(PathOf("gone"));
            CommandLineRun.Of("evaluate", "--prediction", PathOf("a.png"), "--labels", PathOf("a.png"), "--json", "a.json")
                .AssertBadInput("the current folder is gone");
            CommandLineRun.Of("evaluate", "--prediction", PathOf("a.png"), "--labels", PathOf("a.png"), "--json", PathOf("a.json")).AssertSuccess();
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    private static int Run(TextWriter? output, TextWriter? error, params string[] args)
    {
        var (before, errorBefore) = (Console.Out, Console.Error);
        try
        {
            Console.SetOut(output ?? TextWriter.Null);
            Console.SetError(error ?? TextWriter.Null);
            return Program.Main(args);
        }
        finally
        {
            Console.SetOut(before);
            Console.SetError(errorBefore);
        }
    }

    private sealed class Broken : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("No space left on device");
    }
}
