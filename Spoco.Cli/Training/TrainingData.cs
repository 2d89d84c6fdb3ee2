using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>The images of a training, opened from their files.</summary>
internal sealed class TrainingData : IDisposable
{
    /// <summary>The first line of <see cref="WriteList"/>.</summary>
    internal const string ListHeader = "part,image,objects,known";

    private readonly SourceLoader _loader;

    private TrainingData(SourceLoader loader, TrainingSet images) => (_loader, Images) = (loader, images);

    /// <summary>The images.</summary>
    public TrainingSet Images { get; }

    /// <summary>Images that are read from disk again and again.</summary>
    public int OnDisk => _loader.OnDisk;

    /// <summary>What is unusual about them, a line for each kind.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Reads the data set that <paramref name="settings"/> name.</summary>
    /// <param name="settings">What to train on.</param>
    /// <param name="memory">Bytes that images may take; null = a quarter of what there is.</param>
    /// <param name="cancellation">Stops between images.</param>
    /// <param name="validationImages">At most so many images or patches are validated on.</param>
    /// <exception cref="InputException">Files are missing, damaged or do not fit each other, or nothing is labelled.</exception>
    public static TrainingData Load(
        TrainSettings settings, long? memory, CancellationToken cancellation, int validationImages = TrainingSet.MaximumValidationImages)
    {
        var source = settings.Source;
        if (source.Data.Length == 0)
            throw new InputException("--data: which data set to train on is missing.");
        var folder = DataFolder.Open(source.Data, source.Validation, settings.Selection).WithValidation(source.HeldOut, source.HeldOutSeed ?? settings.Seed);
        var loader = new SourceLoader(
            settings.Network.Dimensions, settings.Labels.IgnoreLabel, memory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, settings.Reading);
        try
        {
            var validation = loader.Open(TrainingSet.Evenly(folder.Validation, validationImages), cancellation, "validation");
            var train = loader.Open(folder.Train, cancellation);
            var images = TrainingSet.Of(train, validation, settings, loader.Fingerprint, validationImages, onlyLabelled: source.Class is not null, source.Data);
            return new TrainingData(loader, images) { Notes = [.. loader.Check.Notes(settings), .. LeakNotes(loader.Fingerprint)] };
        }
        catch
        {
            loader.Dispose();
            throw;
        }
    }

    /// <summary>Writes which images are used, and how many of their objects training knows.</summary>
    public void WriteList(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.WriteLine(ListHeader);
        for (var i = 0; i < Images.Train.Count; i++)
            writer.WriteLine($"train,{Csv.Cell(Images.Train[i].Name)},{Images.Objects[i]},{Images.Train[i].Objects.Count}");
        foreach (var item in Images.Validation)
            writer.WriteLine($"validation,{Csv.Cell(item.Name)},{item.Objects.Count},{item.Objects.Count}");
    });

    public void Dispose() => _loader.Dispose();

    /// <summary>Scores on images that were trained on say nothing of others.</summary>
    private static IEnumerable<string> LeakNotes(DataFingerprint images) => images.Shared("validation", "train") is { Count: > 0 } shared
        ? [$"note: the validation has {(shared.Count == 1 ? "an image" : $"{shared.Count} images")} of the training ({shared[0]}): "
            + "the scores on them say nothing of other images."]
        : [];
}
