using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli.Training;

/// <summary>
/// A training in a folder, which holds <c>last.safetensors</c> (to resume from), <c>best.safetensors</c> (highest AP at IoU 0.5 on the
/// validation images, or mean best IoU of their labelled objects where not all are labelled, to be given to others: the model and its settings, without moments and paths) and <c>log.csv</c>.
/// </summary>
internal sealed class TrainingRun
{
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);

    private readonly TrainSettings _settings;
    private readonly string _folder;
    private readonly TrainingData _data;
    private readonly SpocoTraining _training;
    private DateTime _saved = DateTime.UtcNow;

    private TrainingRun(TrainSettings settings, string folder, TrainingData data, SpocoTraining training) =>
        (_settings, _folder, _data, _training) = (settings, folder, data, training);

    private string Last => Path.Combine(_folder, "last.safetensors");

    private string Best => Path.Combine(_folder, "best.safetensors");

    /// <summary>Trains until the last iteration, the end of the schedule, or cancellation; what was done is then on disk.</summary>
    /// <param name="settings">What to train.</param>
    /// <param name="folder">Output folder; made when it is not there.</param>
    /// <param name="data">The images.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="resume">Continue the training in the folder instead of starting one.</param>
    /// <param name="cancellation">Ends the training after the step it is at.</param>
    /// <param name="loaderThreads">Threads that prepare patches; the result does not depend on them.</param>
    /// <param name="progress">Where a longer work shows how far it is; null = a display of its own.</param>
    /// <param name="changedData">Resume also where the data are no longer those that the training was started with.</param>
    /// <exception cref="OperationCanceledException">Cancelled, after the checkpoint was written.</exception>
    public static TrainingReport Run(
        TrainSettings settings, string folder, TrainingData data, ComputeDevice device, bool resume, CancellationToken cancellation, int loaderThreads = 1,
        ProgressShare? progress = null, bool changedData = false)
    {
        settings.Validate();
        using var held = TrainingFolder.Open(folder, settings, resume);
        Action<string> note = progress is null ? Terminal.Note : progress.Note;
        using var training = resume
            ? SpocoTraining.Resume(Path.Combine(folder, "last.safetensors"), data.Images, settings, device, loaderThreads, changedData)
            : SpocoTraining.Start(data.Images, WithModelFile(settings), device, loaderThreads);
        var run = new TrainingRun(settings, folder, data, training);
        if (resume)
            run.Continue(note);
        else
            run.Begin(note);
        if (training.IsOver)
            return new TrainingReport(training.Iteration, training.Best, [], []);
        return progress is not null
            ? run.Steps(progress, cancellation)
            : ProgressDisplay.Run("training", training.Iteration, settings.Optimiser.Iterations, display => run.Steps(new ProgressShare(display), cancellation));
    }

    /// <summary>The model to start from may be named by the folder of its training.</summary>
    private static TrainSettings WithModelFile(TrainSettings settings) =>
        settings.Network.From is { } source ? settings with { Network = settings.Network with { From = InputSelection.Model(source) } } : settings;

    private void Begin(Action<string> note)
    {
        _data.WriteList(Path.Combine(_folder, "data.csv"));
        if (_training.EstimatesShare)
            NoteShare(_training.ForegroundShare, note);
    }

    private void Continue(Action<string> note)
    {
        if (_training.FormerComputer is { } computer && computer != _training.Computer)
            note($"note: so far this training was computed on {computer}, now on {_training.Computer}; its numbers will be others than those of a training without a break, by rounding.");
        if (_training.Best is null || ProblemOfBest() is not { } problem)
            return;

        // A best model that is gone cannot be made again: the model of this moment takes its place until a better one comes.
        _training.TakeAsBest();
        SaveBest();
        Save();
        note(string.Create(CultureInfo.InvariantCulture, $"{Best} {problem}; the model after {_training.Iteration} iterations ({Score(_training.Best.Value)}) ")
            + "takes its place until a better one comes.");
    }

    private string? ProblemOfBest()
    {
        if (!File.Exists(Best))
            return "is missing";
        try
        {
            var file = SafeTensors.Open(Best);
            Checkpoint.ReadOptions(Best, file);
            file.Verify();
            return null;
        }
        catch (InputException)
        {
            return "is damaged";
        }
    }

    private TrainingReport Steps(ProgressShare display, CancellationToken cancellation)
    {
        using var log = new TrainingLog(Path.Combine(_folder, "log.csv"), _training.Iteration);
        try
        {
            var report = _training.Run(new TrainingObserver(progress => Take(progress, log, display)), cancellation);
            display.Note(string.Create(CultureInfo.InvariantCulture,
                $"patches: {report.FillTime.TotalMilliseconds:0.0} ms a batch on {_training.LoaderThreads} thread(s) beside training; "
                + $"a step, validation included, {report.StepTime.TotalMilliseconds:0.0} ms; waited {report.WaitTime.TotalSeconds:0.0} s in all"));
            return report;
        }
        catch (OperationCanceledException)
        {
            Save();
            display.Note($"stopped after {_training.Iteration} of {_settings.Optimiser.Iterations} iterations; {Last} continues with --resume.");
            throw;
        }
    }

    /// <summary>Writes and shows what a step came to.</summary>
    private void Take(TrainingProgress progress, TrainingLog log, ProgressShare display)
    {
        if (progress.ForegroundShare is { } share)
            NoteShare(share, display.Note);
        if (progress.Validation is { } validation)
        {
            if (validation.IsBest)
                SaveBest();
            display.Note(Describe(validation));
        }

        log.Write(progress.Step, progress.Validation?.Result);
        if (progress.Validation is not null || DateTime.UtcNow - _saved > SaveInterval)
        {
            Save();
            _saved = DateTime.UtcNow;
        }

        display.Report(_training.Iteration, () => string.Create(CultureInfo.InvariantCulture,
            $"{Describe(progress.Step)}  rate {progress.Step.LearningRate:g3}  {display.Speed(_training.Iteration):0.0} steps/s"));
    }

    private void Save() => _training.Save(Last, StoredSettings.ToJson(_settings));

    private void SaveBest() => _training.SaveModel(Best, StoredSettings.ToJson(_settings with
    {
        Source = _settings.Source with { Data = "", Validation = null },
        Network = _settings.Network with { From = null },
        Labels = _settings.Labels with { KnownObjects = [] },
    }));

    private static void NoteShare(double share, Action<string> note) => note(string.Create(CultureInfo.InvariantCulture,
        $"foreground: objects, labelled or not, cover about {100 * share:0.0} % of the pixels of a patch (estimated; --foreground-share sets it)"));

    private static string Score(ValidationResult result) => result.Labelled is { } labelled ? labelled.ToString()
        : string.Create(CultureInfo.InvariantCulture, $"AP@0.5 {result.AveragePrecision50:0.000}");

    private string Describe(TrainingValidation validation)
    {
        var (result, learned) = (validation.Result, _training.Model.Options.Foreground);
        var foreground = learned
            ? string.Create(CultureInfo.InvariantCulture, $"in the learned foreground (p >= {validation.ForegroundThreshold}, joined below {validation.MergeDistance})") : "inside the true foreground";
        if (result.Labelled is { } labelled)
            return string.Create(CultureInfo.InvariantCulture, $"validation at {validation.Iteration}: loss {result.Loss:0.0000}  {labelled}, {(learned ? foreground : "without a mask")}")
                + (result.Segmented?.Labelled is { } final ? $"; as spoco segment: {final}" : "");
        var segmented = result.Segmented is not { } segment ? ""
            : string.Create(CultureInfo.InvariantCulture, $"; as spoco segment{(learned ? "" : " without a mask")}: AP@0.5 {segment.Precision}  SBD {segment.SymmetricBestDice:0.000}");
        return string.Create(CultureInfo.InvariantCulture,
            $"validation at {validation.Iteration}: loss {result.Loss:0.0000}  AP@0.5 {result.AveragePrecision50:0.000}  SBD {result.SymmetricBestDice:0.000} {foreground}{segmented}");
    }

    private static string Describe(TrainingStep step)
    {
        var t = step.Terms;
        (string Name, double Value)[] parts =
        [
            ("loss", step.Loss), ("pull", t.Pull), ("push", t.Push), ("object", t.Instance), ("unlabelled", t.UnlabelledPush),
            ("consistency", t.Consistency), ("foreground", t.Foreground), ("adversarial", step.Adversarial),
        ];
        return string.Join("  ", parts.Where(p => p.Value != 0).Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Name} {p.Value:0.000}")));
    }
}
