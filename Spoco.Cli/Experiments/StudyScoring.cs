using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Experiments;

/// <summary>How the models of a study segment the validation images that they are scored on.</summary>
/// <param name="Foreground">As spoco segment's <c>--foreground</c>, or <see cref="Truth"/>.</param>
/// <param name="Orientations">Views to average over.</param>
internal sealed record StudyScoring(string Foreground, int Orientations)
{
    /// <summary>The pixels of the true objects: what is scored is how well they are told apart.</summary>
    public const string Truth = "truth";

    /// <summary>Refuses settings with which a model learns no foreground, where it is to be scored by that.</summary>
    /// <exception cref="InputException">They are such settings.</exception>
    public void RequireForeground(TrainSettings settings)
    {
        if (Foreground == ForegroundChoice.Learned && !settings.HasForeground)
            throw new InputException("--foreground: learned needs models that learn a foreground; not all models of this study do.");
    }

    /// <summary>The same for the engine.</summary>
    public ScoringChoices Of(SpocoModel model, TrainSettings settings)
    {
        var only = CityscapesClass.Named(settings.Source.Class);
        return Foreground switch
        {
            Truth => new ScoringChoices(ScoringForeground.Truth, Orientations),
            ForegroundChoice.Learned => new ScoringChoices(ScoringForeground.Learned, Orientations),
            _ => new ScoringChoices(ScoringForeground.Mask, Orientations, (item, seen, prediction, cancellation) => ForegroundChoice.Of(
                Foreground, item.Name, only, item.Image, seen, prediction, model.Options.Segmentation, model.Device, cancellation)),
        };
    }
}
