using Spoco.Cli.Training;

namespace Spoco.Tests.CommandLine;

/// <summary>Trainings that ended early.</summary>
internal static class InterruptedTraining
{
    /// <summary>Leaves the training in a folder as if it had been interrupted before its first step.</summary>
    public static void Leave(string folder)
    {
        var settings = StoredSettings.OfFolder(folder);
        Directory.Delete(folder, recursive: true);
        using var data = TrainingData.Load(settings, null, CancellationToken.None);
        Assert.That(() => TrainingRun.Run(settings, folder, data, TestDevices.Open("cpu"), resume: false, new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
    }
}
