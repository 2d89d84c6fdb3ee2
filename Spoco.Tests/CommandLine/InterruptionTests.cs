using System.Diagnostics;
using Spoco.Engine.Checkpoints;

namespace Spoco.Tests.CommandLine;

/// <summary>A training as a process of its own, ended by signals, then resumed.</summary>
public sealed class InterruptionTests : FolderTests
{
    private const int Sigkill = 9;

    [TestCase(ProgramProcess.Sigint, 130)]
    [TestCase(Sigkill, 137)]
    public void Resuming_after_a_signal_ends_with_the_bits_of_an_uninterrupted_training(int signal, int exitCode)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Signals are sent on Linux only.");
        var data = DataSet.Write(Path.Combine(Folder, "data"));
        var (whole, parts) = (Path.Combine(Folder, "whole"), Path.Combine(Folder, "parts"));
        var arguments = new[] { "train", "--data", data, "--patch", "48,48", "--maps", "8,16", "--iterations", "240", "--validate-every", "20", "--device", "cpu", "--threads", "2" };
        using (var process = ProgramProcess.Start([.. arguments, "--out", whole]))
            ProgramProcess.AssertEnds(process, 0);

        using (var process = ProgramProcess.Start([.. arguments, "--out", parts]))
        {
            // The first checkpoint is written after 20 steps; the signal arrives somewhere behind it, and the 220 steps left
            // outlast a late look on a busy machine.
            var patience = Stopwatch.StartNew();
            while (!File.Exists(Path.Combine(parts, "last.safetensors")) && !process.HasExited && patience.Elapsed < TimeSpan.FromMinutes(5))
                Thread.Sleep(5);
            ProgramProcess.Signal(process, signal);
            ProgramProcess.AssertEnds(process, exitCode);
        }

        if (signal == ProgramProcess.Sigint)
            Assert.That(Directory.GetFiles(parts, "*.tmp-*"), Is.Empty, "Ctrl-C leaves no temporary file");
        using (var process = ProgramProcess.Start(["train", "--out", parts, "--resume", "--device", "cpu", "--threads", "2"]))
            ProgramProcess.AssertEnds(process, 0);
        Assert.That(Arrays(parts), Is.EqualTo(Arrays(whole)));
        Assert.That(File.ReadLines(Path.Combine(parts, "log.csv")).Count(), Is.EqualTo(241));
    }

    private static float[] Arrays(string folder)
    {
        var file = SafeTensors.Open(Path.Combine(folder, "last.safetensors"));
        return [.. file.Entries.Values.Where(e => e.Type == SafeTensorType.F32).SelectMany(e => file.Read(e.Name))];
    }
}
