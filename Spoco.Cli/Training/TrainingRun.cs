using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spoco.Cli.Commands;
using Spoco.Cli.Data;
using Spoco.Cli.Evaluation;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Losses;
using Spoco.Engine.Segmentation;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli.Training;

/// <summary>What a training came to.</summary>
/// <param name="Iterations">Steps done in all.</param>
/// <param name="Best">The best validation, whose model is <c>best.safetensors</c>.</param>
internal sealed record TrainingSummary(long Iterations, ValidationResult Best);

/// <summary>
/// Trains from images to checkpoints. The output folder holds <c>last.safetensors</c> (to resume from), <c>best.safetensors</c> (highest AP at IoU 0.5 on the
/// validation images, or mean best IoU of their labelled objects where not all are labelled, to be given to others: the model and its settings, without moments and paths) and <c>log.csv</c>.
/// </summary>
internal sealed class TrainingRun
{
    private const string SettingsKey = "spoco.settings";
    private const string BestKey = "spoco.best";
    private const string DataKey = "spoco.data";
    private const string ComputerKey = "spoco.computer";
    private const double LeastShare = 1e-4;

    // Parts of the training after which the share of the foreground is estimated again: while the network cannot yet tell labelled objects from others.
    private static readonly int[] ShareIterations = [8, 4, 2];
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);
    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() }, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly TrainSettings _settings;
    private readonly string _folder;
    private readonly TrainingData _data;
    private readonly ComputeDevice _device;
    private readonly bool _resume;
    private readonly bool _changedData;
    private readonly int _loaderThreads;
    private ForegroundShareEstimate? _share;
    private double? _freePatches;
    private ValidationResult? _best;

    private TrainingRun(
        TrainSettings settings, string folder, TrainingData data, ComputeDevice device, bool resume, int loaderThreads, bool changedData)
    {
        _changedData = changedData;
        _loaderThreads = loaderThreads;
        _settings = settings;
        _folder = folder;
        _data = data;
        _device = device;
        _resume = resume;
    }

    private string Last => Path.Combine(_folder, "last.safetensors");

    private string Best => Path.Combine(_folder, "best.safetensors");

    /// <summary>The settings of the training in a folder.</summary>
    /// <exception cref="InputException">There is no training to resume.</exception>
    public static TrainSettings StoredSettings(string folder)
    {
        var path = Path.Combine(folder, "last.safetensors");
        if (!File.Exists(path))
            throw new InputException($"{folder}: holds no training to resume (no last.safetensors).");
        return SettingsOf(path) ?? throw new InputException($"{path}: was not written by spoco train; it cannot be resumed.");
    }

    /// <summary>The settings that a checkpoint was trained with; null where it does not say.</summary>
    /// <exception cref="InputException">The checkpoint is damaged.</exception>
    public static TrainSettings? SettingsOf(string path)
    {
        if (!SafeTensors.Open(path).Metadata.TryGetValue(SettingsKey, out var json))
            return null;
        try
        {
            var settings = JsonSerializer.Deserialize<TrainSettings>(json, Json)
                ?? throw new InputException($"{path}: the settings of the training are empty.");
            using var stored = JsonDocument.Parse(json);
            if (!stored.RootElement.TryGetProperty(nameof(TrainSettings.Normalise), out _))
                settings = settings with { Normalise = TrainSettings.FormerNormalisation };
            if (!stored.RootElement.TryGetProperty(nameof(TrainSettings.FreePatches), out _))
                settings = settings with { FreePatches = 0 };

            // Trainings that say nothing of the share of the foreground learned one of full labels only.
            return stored.RootElement.TryGetProperty(nameof(TrainSettings.ForegroundShare), out _) || settings.Supervision == Supervision.Full
                ? settings : settings with { NoForeground = true, ValidationLabels = ValidationLabels.Complete };
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: the settings of the training are damaged, or those of another version.", e);
        }
    }

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
    public static TrainingSummary Run(
        TrainSettings settings, string folder, TrainingData data, ComputeDevice device, bool resume, CancellationToken cancellation, int loaderThreads = 1,
        ProgressShare? progress = null, bool changedData = false)
    {
        settings.Validate();
        using var held = TrainingFolder.Open(folder, settings, resume);
        return new TrainingRun(settings, folder, data, device, resume, loaderThreads, changedData).Run(progress, cancellation);
    }

    private TrainingSummary Run(ProgressShare? progress, CancellationToken cancellation)
    {
        var options = _settings.Model(_data.Channels) with { SizeFloor = _data.TypicalSizeFloor(_settings.Resized) };
        RequireRoom(options);
        _ = NewSampler();
        using var model = new SpocoModel(_device, options, trained: true, momentumTrained: _settings.GNetwork == GNetwork.Trained);
        using var trainer = new SpocoTrainer(model, _settings.Training);
        if (_resume)
        {
            Continue(trainer, progress is null ? Terminal.Note : progress.Note);
            RestoreBest(trainer, progress);
        }
        else
        {
            Start(model);
            if (EstimatesShare)
                Estimate(trainer, share => share.OfImages(), progress is null ? Terminal.Note : progress.Note);
        }

        if (trainer.Iteration >= _settings.Iterations || trainer.Schedule.IsOver)
            return new TrainingSummary(trainer.Iteration, _best ?? default);
        return progress is not null
            ? Steps(progress)
            : ProgressDisplay.Run("training", trainer.Iteration, _settings.Iterations, display => Steps(new ProgressShare(display)));

        TrainingSummary Steps(ProgressShare display)
        {
            using var batches = new BatchPrefetcher(NewSampler, BatchesBefore(trainer.Iteration), BatchesBefore(_settings.Iterations), _loaderThreads);
            using var log = new TrainingLog(Path.Combine(_folder, "log.csv"), trainer.Iteration);
            var (first, start) = (trainer.Iteration, Stopwatch.GetTimestamp());
            var summary = Loop(trainer, batches, log, display, cancellation);
            var step = (Stopwatch.GetElapsedTime(start) - batches.WaitTime) / Math.Max(1, summary.Iterations - first);
            display.Note(string.Create(CultureInfo.InvariantCulture,
                $"patches: {batches.FillTime.TotalMilliseconds:0.0} ms a batch on {_loaderThreads} thread(s) beside training; "
                + $"a step, validation included, {step.TotalMilliseconds:0.0} ms; waited {batches.WaitTime.TotalSeconds:0.0} s in all"));
            return summary;
        }
    }

    private long BatchesBefore(long iteration) => _settings.AdversarialOptions?.BatchesBefore(iteration) ?? iteration;

    private PatchSampler NewSampler() =>
        new(_data.Train, _settings.PatchExtents, _settings.EffectiveBatchSize, _settings.EffectiveAugmentation, _settings.Seed, FreePatches);

    private double FreePatches => _freePatches ??= FreePatchShare.Of(_data.Train, _settings);

    private bool EstimatesShare => _settings is { HasForeground: true, Supervision: Supervision.Sparse, ForegroundShare: null };

    private void Estimate(SpocoTrainer trainer, Func<ForegroundShareEstimate, double> estimate, Action<string> note)
    {
        _share ??= new ForegroundShareEstimate(_data.Train, _settings with { FreePatches = FreePatches });
        trainer.ForegroundShare = Math.Clamp(estimate(_share), LeastShare, 1 - LeastShare);
        note(string.Create(CultureInfo.InvariantCulture,
            $"foreground: objects, labelled or not, cover about {100 * trainer.ForegroundShare:0.0} % of the pixels of a patch (estimated; --foreground-share sets it)"));
    }

    private void Continue(SpocoTrainer trainer, Action<string> note)
    {
        var metadata = trainer.Resume(Last);
        if (!_changedData && metadata.TryGetValue(DataKey, out var before) && _data.Fingerprint.ChangeSince(Last, before) is { } change)
            throw new InputException($"--resume: the data are not those of the training: {change}; --changed-data goes on with them.");
        if (metadata.TryGetValue(ComputerKey, out var computer) && computer != Computer)
            note($"note: so far this training was computed on {computer}, now on {Computer}; its numbers will be others than those of a training without a break, by rounding.");
        _best = ReadBest(metadata);
    }

    private void Start(SpocoModel model)
    {
        _data.WriteList(Path.Combine(_folder, "data.csv"));
        if (_settings.From is { } source)
            Transfer.Apply(InputSelection.Model(source), model);
        else
            model.Initialise(_settings.Seed);
    }

    /// <summary>A best model that is gone cannot be made again: the model of this moment takes its place until a better one comes.</summary>
    private void RestoreBest(SpocoTrainer trainer, ProgressShare? progress)
    {
        if (_best is null || ProblemOfBest() is not { } problem)
            return;
        _best = Validate(trainer) with { Segmented = AsSegment(trainer.Model) };
        SaveBest(trainer.Model);
        Save(trainer, Last);
        var note = string.Create(CultureInfo.InvariantCulture,
            $"{Best} {problem}; the model after {trainer.Iteration} iterations ({Score(_best.Value)}) ")
            + "takes its place until a better one comes.";
        if (progress is not null)
            progress.Note(note);
        else
            Terminal.Note(note);
    }

    private static string Score(ValidationResult result) => result.Labelled is { } labelled ? labelled.ToString()
        : string.Create(CultureInfo.InvariantCulture, $"AP@0.5 {result.AveragePrecision50:0.000}");

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

    private TrainingSummary Loop(
        SpocoTrainer trainer, BatchPrefetcher batches, TrainingLog log, ProgressShare display, CancellationToken cancellation)
    {
        var saved = DateTime.UtcNow;
        while (trainer.Iteration < _settings.Iterations && !trainer.Schedule.IsOver)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(trainer, Last);
                display.Note($"stopped after {trainer.Iteration} of {_settings.Iterations} iterations; {Last} continues with --resume.");
                cancellation.ThrowIfCancellationRequested();
            }

            for (var i = trainer.CriticBatches; i > 0; i--)
                trainer.TrainCritic(batches.Take(CancellationToken.None));
            var step = trainer.Step(batches.Take(CancellationToken.None));
            if (EstimatesShare && ShareIterations.Any(part => trainer.Iteration == _settings.Iterations / part))
                Estimate(trainer, share => share.OfModel(trainer.Model), display.Note);
            ValidationResult? validation = null;
            if (trainer.Iteration % _settings.EffectiveValidateEvery == 0 || trainer.Iteration == _settings.Iterations)
            {
                validation = Validate(trainer);
                trainer.Schedule.Observe(validation.Value.Loss);
                var kept = _best is null || IsBetter(validation.Value, _best.Value);
                if (kept)
                {
                    validation = validation.Value with { Segmented = AsSegment(trainer.Model) };
                    _best = validation;
                    SaveBest(trainer.Model);
                }

                display.Note(Describe(trainer, validation.Value));
            }

            log.Write(step, validation);
            if (validation is not null || DateTime.UtcNow - saved > SaveInterval)
            {
                Save(trainer, Last);
                saved = DateTime.UtcNow;
            }

            display.Report(trainer.Iteration, () => string.Create(CultureInfo.InvariantCulture,
                $"{Describe(step)}  rate {step.LearningRate:g3}  {display.Speed(trainer.Iteration):0.0} steps/s"));
        }

        return new TrainingSummary(trainer.Iteration, _best ?? default);
    }

    /// <summary>Lets labelled objects say how the model is to segment.</summary>
    private void Calibrate(SpocoModel model)
    {
        if (!model.Options.Foreground || _data.Validation.All(item => item.Objects.Count == 0))
            return;
        if (_settings.LabelsAre == LabelExtent.Partial)
            PartialLabelCalibration.Apply(model, _settings, _data.Validation);
        else
            LabelCalibration.Apply(model, _settings, _data.Validation);
    }

    /// <summary>
    /// Segments the validation images, each in one orientation to save time, and takes the loss of their middles. A model without a learned foreground is
    /// scored inside the true one, as it needs a mask to segment with anyway.
    /// </summary>
    private ValidationResult Validate(SpocoTrainer trainer)
    {
        Calibrate(trainer.Model);
        var (images, losses) = (_data.Validation.Count, 0.0);
        var scores = new List<ImageScores>();
        for (var i = 0; i < images; i++)
        {
            var item = _data.Validation[i];
            if (!_settings.ValidatesLabelledAlone)
                scores.Add(ValidationScoring.Of(trainer.Model, _settings, item, new ScoringChoices()));
            var seen = _settings.Resized is { } size ? new TrainingItem(item.Name, Resizing.Image(item.Image, size), Resizing.Labels(item.Labels, size)) : item;
            losses += trainer.Validate(Middle(seen, _settings.PatchExtents), i) / images;
        }

        if (_settings.ValidatesLabelledAlone)
            return new ValidationResult(losses, 0, 0, Labelled: ValidationScoring.OfLabelled(trainer.Model, _settings, _data.Validation, orientations: 1));

        // Undefined where no image has an object on either side.
        var mean = ImageScores.Mean(scores);
        return double.IsNaN(mean.AveragePrecision50)
            ? new ValidationResult(losses, 0, 0) : new ValidationResult(losses, mean.AveragePrecision50, mean.SymmetricBestDice);
    }

    /// <summary>What <c>spoco segment</c> makes of the same images when nothing else is said; null without labels to compare with.</summary>
    private SegmentedScores? AsSegment(SpocoModel model)
    {
        if (_data.Validation.All(item => item.Objects.Count == 0))
            return null;
        if (_settings.ValidatesLabelledAlone)
            return new SegmentedScores(0, 0, ValidationScoring.OfLabelled(model, _settings, _data.Validation, OrientationAverage.DefaultOf(model.Options)));
        var scores = ValidationScoring.Mean(model, _settings, _data.Validation, ScoringChoices.OfSegment(model.Options), CancellationToken.None);
        return new SegmentedScores(scores.AveragePrecision50, scores.SymmetricBestDice, Error: scores.AveragePrecision50Error);
    }

    private static string Describe(SpocoTrainer trainer, ValidationResult result)
    {
        var foreground = trainer.Model.Options.Foreground
            ? string.Create(CultureInfo.InvariantCulture, $"in the learned foreground (p >= {trainer.Model.Options.ForegroundThreshold}, joined below {trainer.Model.Options.Segmentation.MergeDistance})") : "inside the true foreground";
        var mask = trainer.Model.Options.Foreground ? "" : " without a mask";
        if (result.Labelled is { } labelled)
        {
            (foreground, mask) = (trainer.Model.Options.Foreground ? foreground : "without a mask", "");
            return string.Create(CultureInfo.InvariantCulture, $"validation at {trainer.Iteration}: loss {result.Loss:0.0000}  {labelled}, {foreground}")
                + (result.Segmented?.Labelled is { } final ? $"; as spoco segment: {final}" : "");
        }

        var segmented = result.Segmented is not { } segment ? ""
            : string.Create(CultureInfo.InvariantCulture, $"; as spoco segment{mask}: AP@0.5 {segment.Precision}  SBD {segment.SymmetricBestDice:0.000}");
        return string.Create(CultureInfo.InvariantCulture,
            $"validation at {trainer.Iteration}: loss {result.Loss:0.0000}  AP@0.5 {result.AveragePrecision50:0.000}  SBD {result.SymmetricBestDice:0.000} {foreground}{segmented}");
    }

    /// <summary>Without labels only the loss tells.</summary>
    private bool IsBetter(ValidationResult result, ValidationResult best) => _data.Validation.All(item => item.Objects.Count == 0)
        ? result.Loss < best.Loss
        : result.Labelled is { } labelled ? best.Labelled is not { } former || labelled.Rank > former.Rank
        : result.AveragePrecision50 > best.AveragePrecision50;

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

    private static TrainingBatch Middle(TrainingItem item, PatchExtents patch)
    {
        var (d, h, w) = (Math.Min(patch.Depth, item.Image.Depth), Math.Min(patch.Height, item.Image.Height), Math.Min(patch.Width, item.Image.Width));
        var (z, y, x) = ((item.Image.Depth - d) / 2, (item.Image.Height - h) / 2, (item.Image.Width - w) / 2);
        var batch = new TrainingBatch(new TensorShape(1, d, h, w, item.Image.Channels));
        item.Image.Crop(z, y, x, d, h, w).Data.CopyTo(batch.ViewF, 0);
        batch.ViewF.CopyTo(batch.ViewG, 0);
        item.Labels.Crop(z, y, x, d, h, w).Data.CopyTo(batch.Labels, 0);
        return batch;
    }

    private void RequireRoom(SpocoModelOptions options)
    {
        var least = options.Network.MinimumSize;
        var patch = _settings.PatchExtents;
        if (patch.Depth < least.D || patch.Height < least.H || patch.Width < least.W)
            throw new InputException($"--patch: {options.Network.FeatureMaps.Count} levels need at least {new PatchExtents(least.D, least.H, least.W)}, got {patch}.");
    }

    /// <summary>What the bits of a training depend on beside its settings and data. The number of threads is not part of it.</summary>
    private string Computer => _device.ToString();

    private void Save(SpocoTrainer trainer, string path)
    {
        var metadata = Metadata(_settings);
        metadata[DataKey] = _data.Fingerprint.ToJson();
        metadata[ComputerKey] = Computer;
        trainer.Save(path, metadata);
    }

    private void SaveBest(SpocoModel model) =>
        Checkpoint.Save(Best, model, metadata: Metadata(_settings with { Data = "", Validation = null, From = null, KnownObjects = [] }));

    private Dictionary<string, string> Metadata(TrainSettings settings)
    {
        var metadata = new Dictionary<string, string> { [SettingsKey] = JsonSerializer.Serialize(settings, Json) };
        if (_best is { } best)
            metadata[BestKey] = JsonSerializer.Serialize(best, Json);
        return metadata;
    }

    private ValidationResult? ReadBest(IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            return metadata.TryGetValue(BestKey, out var json) ? JsonSerializer.Deserialize<ValidationResult>(json, Json) : null;
        }
        catch (JsonException e)
        {
            throw new InputException($"{Last}: the best score so far is damaged.", e);
        }
    }
}
