using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Training;

/// <summary>The output folder of a training: what is in it, and that one process at a time works in it.</summary>
internal static class TrainingFolder
{
    /// <summary>Checks a folder before anything is read or computed for it; makes nothing.</summary>
    /// <exception cref="InputException">
    /// It holds a training already, or files that the training would replace, or another process works in it.
    /// </exception>
    public static void RequireFree(string folder, TrainSettings settings, bool resume)
    {
        if (FileStatus.Of(folder).Type == FileType.Folder)
            Take(folder, settings, resume).Dispose();
        else
            Check(folder, settings, resume);
    }

    /// <summary>Makes a folder where there is none, holds it, and removes what killed runs have left.</summary>
    /// <exception cref="InputException">As for <see cref="RequireFree"/>.</exception>
    public static FolderLock Open(string folder, TrainSettings settings, bool resume)
    {
        if (FileStatus.Of(folder).Type != FileType.Folder)
        {
            Check(folder, settings, resume);
            Directory.CreateDirectory(folder);
        }

        return Take(folder, settings, resume);
    }

    private static FolderLock Take(string folder, TrainSettings settings, bool resume)
    {
        var held = FolderLock.Hold(folder);
        try
        {
            Check(folder, settings, resume);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void Check(string folder, TrainSettings settings, bool resume)
    {
        if (!resume && File.Exists(Path.Combine(folder, "last.safetensors")))
            throw new InputException($"{folder}: holds a training already; continue it with --resume, or choose another folder.");
        if (!resume && File.Exists(Path.Combine(folder, "best.safetensors")))
            throw new InputException($"{folder}: holds a model already (best.safetensors); choose another folder.");
        // A start that was broken off before its first checkpoint leaves its tables behind.
        PlannedOutput[] outputs =
        [
            new(Path.Combine(folder, "last.safetensors"), "the training's state", _ => resume),
            new(Path.Combine(folder, "best.safetensors"), "the best model", _ => resume),
            new(Path.Combine(folder, "log.csv"), "the training's table", path => resume || ResultMark.BeginsWith(path, TrainingLog.Header)),
            new(Path.Combine(folder, "data.csv"), "the list of images", path => resume || ResultMark.BeginsWith(path, TrainingData.ListHeader)),
        ];
        string?[] inputs = [settings.Source.Data, settings.Source.Validation, settings.Network.From is { } from && !resume ? InputSelection.Model(from) : null];
        OutputPlan.Check(inputs.OfType<string>().Where(path => path.Length > 0), outputs, overwrite: null);
    }
}
