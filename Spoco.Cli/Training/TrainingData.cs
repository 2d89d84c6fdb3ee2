using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Losses;

namespace Spoco.Cli.Training;

/// <summary>The images of a training, loaded and checked against each other.</summary>
internal sealed record TrainingData(IReadOnlyList<TrainingItem> Train, IReadOnlyList<TrainingItem> Validation, int Channels)
{
    /// <summary>Reads the data set that <paramref name="settings"/> name.</summary>
    /// <exception cref="InputException">Files are missing, damaged or do not fit each other, or nothing is labelled.</exception>
    public static TrainingData Load(TrainSettings settings, CancellationToken cancellation)
    {
        if (settings.Data.Length == 0)
            throw new InputException("--data: which data set to train on is missing.");
        var folder = DataFolder.Open(settings.Data, settings.Validation, settings.RawName, settings.LabelName).WithValidation();
        var train = Read(folder.Train, settings, cancellation);
        var validation = Read(folder.Validation, settings, cancellation);
        if (!train.Any(item => item.Labels.Data.AsSpan().ContainsAnyExcept(0)))
            throw new InputException($"{settings.Data}: no labelled object in any of the {train.Count} training images.");

        // Grey images are often stored as RGB; only when every one of them is grey does one channel say it all.
        var channels = train.Concat(validation).All(item => item.Image.Channels == 1 || IsGrey(item.Image)) ? 1 : train.Max(item => item.Image.Channels);
        return new TrainingData(
            [.. train.Select((item, index) => Prepare(item, index, channels, settings))],
            [.. validation.Select((item, index) => Prepare(item, index, channels, settings with { InstanceRatio = 1 }))], channels);
    }

    /// <summary>Half the size of the 2nd percentile of the labelled objects: what is smaller in a segmentation is a speck.</summary>
    public int TypicalSizeFloor()
    {
        var sizes = new List<int>();
        foreach (var item in Train)
        {
            var counts = new Dictionary<int, int>();
            foreach (var label in item.Labels.Data)
            {
                if (label != 0)
                    counts[label] = counts.GetValueOrDefault(label) + 1;
            }

            sizes.AddRange(counts.Values);
        }

        sizes.Sort();
        return sizes.Count == 0 ? 0 : sizes[sizes.Count / 50] / 2;
    }

    private static List<TrainingItem> Read(IReadOnlyList<DataItem> items, TrainSettings settings, CancellationToken cancellation)
    {
        var result = new List<TrainingItem>();
        foreach (var item in items)
        {
            cancellation.ThrowIfCancellationRequested();
            var (image, labels) = item.Load();
            if (settings.Dimensions == 3 || image.Depth == 1)
            {
                result.Add(new TrainingItem(item.Name, image, labels));
                continue;
            }

            for (var z = 0; z < image.Depth; z++)
            {
                var slice = labels.Crop(z, 0, 0, 1, labels.Height, labels.Width);
                result.Add(new TrainingItem($"{item.Name}[{z}]", image.Crop(z, 0, 0, 1, image.Height, image.Width), slice));
            }
        }

        return result;
    }

    private static TrainingItem Prepare(TrainingItem item, int index, int channels, TrainSettings settings) => item with
    {
        Image = Normalisation.Apply(InputFile.WithChannels(item.Image, channels, item.Name), name: item.Name),
        Labels = settings.Supervision == Supervision.Sparse && settings.InstanceRatio < 1
            ? InstanceSelection.Select(item.Labels, settings.InstanceRatio, settings.Seed, index)
            : item.Labels,
    };

    private static bool IsGrey(Volume<float> image)
    {
        if (image.Channels != 3)
            return false;
        for (var i = 0; i < image.Data.Length; i += 3)
        {
            if (image.Data[i] != image.Data[i + 1] || image.Data[i] != image.Data[i + 2])
                return false;
        }

        return true;
    }
}
