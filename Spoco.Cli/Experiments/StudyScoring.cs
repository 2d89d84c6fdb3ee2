using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Experiments;

/// <summary>How the models of a study segment the validation images that they are scored on.</summary>
/// <param name="Foreground">As spoco segment's <c>--foreground</c>, or <see cref="ForegroundChoice.Truth"/>.</param>
/// <param name="Orientations">Views to average over.</param>
/// <param name="Clustering">What divides the pixels.</param>
/// <param name="Fill">Whether holes are filled.</param>
internal sealed record StudyScoring(string Foreground, int Orientations, ClusteringRequest Clustering, bool Fill)
{
    /// <summary>All of it in a line, by which results are known that were scored so; what is not said is the default.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{Foreground} {Orientations}")
        + (Clustering.IsMutexWatershed ? "" : $" {Clustering.AsOptions}") + (Fill ? " --fill" : "");

    /// <summary>Refuses settings with which a model learns no foreground, where it is to be scored by that.</summary>
    /// <exception cref="InputException">They are such settings.</exception>
    public void RequireForeground(TrainSettings settings)
    {
        if (Foreground == ForegroundChoice.Learned && !settings.HasForeground)
            throw new InputException("--foreground: learned needs models that learn a foreground; not all models of this study do.");
    }

    /// <summary>Checks that models can be divided so.</summary>
    /// <exception cref="InputException">They cannot.</exception>
    public void RequireClustering(TrainSettings settings)
    {
        if (ClusteringRequest.Obstacle(Clustering.Name, settings.Network.Embedding, settings) is { } obstacle)
            throw new InputException($"--clustering: not all models of this study can be scored so: {obstacle}.");
    }

    /// <summary>The same for the engine.</summary>
    public ScoringChoices Of(SpocoModel model, TrainSettings settings)
    {
        var only = CityscapesClass.Named(settings.Source.Class);
        var options = model.Options.Segmentation with { Clustering = Clustering.IsMutexWatershed ? null : Clustering.Of(Clustering.Name, model.Options), Fill = Fill };
        return Foreground switch
        {
            ForegroundChoice.Truth => new ScoringChoices(ScoringForeground.Truth, Orientations, Options: options),
            ForegroundChoice.Learned => new ScoringChoices(ScoringForeground.Learned, Orientations, Options: options),
            _ => new ScoringChoices(ScoringForeground.Mask, Orientations, (item, seen, prediction, cancellation) => ForegroundChoice.Of(
                Foreground, item.Name, only, item.Image, seen, prediction, model.Options.Segmentation.Watershed, model.Device, cancellation), options),
        };
    }
}
