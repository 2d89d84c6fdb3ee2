using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>
/// A training from images and labels to a model: patches are drawn and varied beside the steps of a <see cref="SpocoTrainer"/>; every so often the model segments the validation images, labelled objects
/// choose the threshold of its foreground and the distance at which segments are joined, and the best model is told of. Same images, settings and device: the same bits, whatever interrupts it.
/// <code>
/// using var training = File.Exists(path) ? SpocoTraining.Resume(path, data, settings, device) : SpocoTraining.Start(data, settings, device);
/// training.Run(new TrainingObserver(p => { if (p.Validation is not null) p.Training.Save(path); }), token);
/// </code>
/// </summary>
public sealed class SpocoTraining : IDisposable
{
    private const double LeastShare = 1e-4;

    // Parts of the training after which the share of the foreground is estimated again: while the network cannot yet tell labelled objects from others.
    private static readonly int[] ShareIterations = [8, 4, 2];

    private readonly TrainingSet _data;
    private readonly TrainingSettings _settings;
    private readonly double _freePatches;
    private readonly TrainingValidator _validator;
    private readonly SpocoTrainer _trainer;
    private readonly Holdings _holdings;
    private ForegroundShareEstimate? _share;

    private SpocoTraining(TrainingSet data, TrainingSettings settings, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(device);
        settings.Validate();
        (_data, _settings) = (data, settings);
        var options = settings.Model(data.Channels) with { SizeFloor = data.TypicalSizeFloor(settings.Resized) };
        RequireRoom(options);
        _freePatches = FreePatchShare.Of(data.Train, settings);
        _ = NewSampler();
        _validator = new TrainingValidator(data, settings);
        using var holdings = new Holdings();
        Precision = settings.Optimiser.PrecisionOn(device);
        Model = holdings.Add(new SpocoModel(device, options, trained: true, momentumTrained: settings.Optimiser.GNetwork == GNetwork.Trained));
        _trainer = holdings.Add(new SpocoTrainer(Model, settings.Training));
        _holdings = holdings.Share();
    }

    /// <summary>The model, as the last step and the last validation left it.</summary>
    public SpocoModel Model { get; }

    /// <summary>Steps done so far.</summary>
    public long Iteration => _trainer.Iteration;

    /// <summary>Whether all steps are done, or the learning rate has fallen below what is worth going on for.</summary>
    public bool IsOver => _trainer.Iteration >= _settings.Optimiser.Iterations || _trainer.Schedule.IsOver;

    /// <summary>The validation of the best model so far; null = none yet.</summary>
    public ValidationResult? Best { get; private set; }

    /// <summary>Whether the share of the pixels that belong to objects is estimated: it is to be learned, and the settings do not say it.</summary>
    public bool EstimatesShare => _settings is { HasForeground: true, Labels.Supervision: Supervision.Sparse, Loss.ForegroundShare: null };

    /// <summary>The share that the loss counts with.</summary>
    public double ForegroundShare => _trainer.ForegroundShare;

    /// <summary>How the factors of convolutions are rounded, on devices that round them: as the settings say. The predictions of the model have a precision of their own.</summary>
    public Precision Precision { get; }

    /// <summary>What the bits of a training depend on beside its settings and data. The number of threads is not part of it.</summary>
    public string Computer => ComputerOf(Model.Device.ToString(), Model.Device.Capabilities, Precision);

    /// <summary>What the training was computed on until it was resumed; null where it was not, or where its checkpoint does not say.</summary>
    public string? FormerComputer { get; private set; }

    /// <summary>Threads that prepare patches; the result does not depend on them.</summary>
    public int LoaderThreads { get; init; } = 1;

    /// <summary>Trains on images in memory, see <see cref="TrainingSet.Of(IReadOnlyList{Volume{float}}, IReadOnlyList{Volume{int}}, TrainingSettings, ValueTuple{IReadOnlyList{Volume{float}}, IReadOnlyList{Volume{int}}}?)"/>.</summary>
    /// <param name="images">[D, H, W, C] each, as they are.</param>
    /// <param name="labels">[D, H, W] each: every number above 0 is an object.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="device">Where to compute; the caller disposes it after the model.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Ends the training after the step it is at.</param>
    /// <returns>The best model, which <see cref="Checkpoint.Save"/> keeps, and the report of the training.</returns>
    /// <exception cref="InputException">Images, labels and settings do not fit each other.</exception>
    /// <exception cref="TrainingDivergedException">A loss or a gradient is no finite number.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public static TrainedModel Run(
        IReadOnlyList<Volume<float>> images, IReadOnlyList<Volume<int>> labels, TrainingSettings settings, ComputeDevice device,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        SpocoModel? best = null;
        try
        {
            using var training = Start(TrainingSet.Of(images, labels, settings), settings, device);
            var report = training.Run(new TrainingObserver(step =>
            {
                if (step.Validation is { IsBest: true })
                {
                    best?.Dispose();
                    best = training.Model.Copy();
                }

                progress?.Report(step);
            }), cancellation);
            return new TrainedModel(best ??= training.Model.Copy(), report);
        }
        catch
        {
            best?.Dispose();
            throw;
        }
    }

    /// <summary>Begins a training: with parameters drawn by the seed, or with those of <see cref="NetworkSettings.From"/>.</summary>
    /// <param name="data">Images and labels to train and to validate on.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="loaderThreads">Threads that prepare patches; the result does not depend on them.</param>
    /// <exception cref="InputException">Images and settings do not fit each other, or the model to start from is damaged or another one.</exception>
    public static SpocoTraining Start(TrainingSet data, TrainingSettings settings, ComputeDevice device, int loaderThreads = 1) =>
        Prepare(data, settings, device, loaderThreads, training =>
        {
            if (settings.Network.From is { } source)
                Transfer.Apply(source, training.Model);
            else
                training.Model.Initialise(settings.Seed);
            if (training.EstimatesShare)
                training.Estimate(share => share.OfImages());
        });

    /// <summary>Goes on with a training that <see cref="Save"/> has kept, bit for bit as if it had not been interrupted.</summary>
    /// <param name="checkpoint">The file.</param>
    /// <param name="data">Images and labels to train and to validate on.</param>
    /// <param name="settings">The settings that it was started with: <see cref="SettingsOf"/>.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="loaderThreads">Threads that prepare patches; the result does not depend on them.</param>
    /// <param name="changedData">Go on also where images or labels are no longer those that the training was started with.</param>
    /// <exception cref="InputException">The file is damaged or holds no training state, or the data are others.</exception>
    public static SpocoTraining Resume(
        string checkpoint, TrainingSet data, TrainingSettings settings, ComputeDevice device, int loaderThreads = 1, bool changedData = false) =>
        Prepare(data, settings, device, loaderThreads, training =>
        {
            var metadata = training._trainer.Resume(checkpoint);
            if (!changedData && metadata.TryGetValue(CheckpointFormat.DataKey, out var before) && data.Fingerprint.ChangeSince(checkpoint, before) is { } change)
                throw InputException.OfSetting("changedData", $"without it, the data have to be those that the training was started with: {change}.");
            training.FormerComputer = metadata.GetValueOrDefault(CheckpointFormat.ComputerKey);
            training.Best = ReadBest(checkpoint, metadata);
        });

    /// <summary>The settings that a checkpoint was trained with; null where it does not say.</summary>
    /// <exception cref="InputException">The checkpoint is damaged.</exception>
    public static TrainingSettings? SettingsOf(string checkpoint) => SettingsOf(checkpoint, TrainingSettings.FromJson);

    /// <summary>The same with settings beside those of a training, from the same JSON object.</summary>
    /// <param name="checkpoint">The file.</param>
    /// <param name="read">Reads the JSON object; may throw <see cref="JsonException"/>.</param>
    public static T? SettingsOf<T>(string checkpoint, Func<string, T> read) where T : class
    {
        ArgumentNullException.ThrowIfNull(read);
        if (!SafeTensors.Open(checkpoint).Metadata.TryGetValue(CheckpointFormat.SettingsKey, out var json))
            return null;
        try
        {
            return read(json);
        }
        catch (JsonException e)
        {
            throw new InputException($"{checkpoint}: the settings of the training are damaged, or those of another version.", e);
        }
    }

    /// <summary>Trains until the last iteration, the end of the schedule, or cancellation.</summary>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Ends the training after the step it is at; <see cref="Save"/> then keeps it.</param>
    /// <exception cref="TrainingDivergedException">A loss or a gradient is no finite number; the training is as it was before the step.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public TrainingReport Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (losses, validations) = (new List<double>(), new List<TrainingValidation>());
        var start = Stopwatch.GetTimestamp();
        using var rounding = Rounding();
        using var batches = new BatchPrefetcher(NewSampler, BatchesBefore(Iteration), BatchesBefore(_settings.Optimiser.Iterations), LoaderThreads);
        StagedBatch? next = null;
        while (!IsOver)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var i = _trainer.CriticBatches; i > 0; i--)
                _trainer.TrainCritic(batches.Take(CancellationToken.None));
            _trainer.Launch(next ?? _trainer.Stage(batches.Take(CancellationToken.None)));
            next = null;

            // While the device is at the step, unless the critic comes first. The step counts, and is told of, whatever is wrong with the next batch.
            ExceptionDispatchInfo? failure = null;
            try
            {
                if (_settings.Adversarial is null && batches.TryTake() is { } batch)
                    next = _trainer.Stage(batch);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }

            var step = _trainer.Complete();
            losses.Add(step.Loss);
            var estimated = EstimatesShare && ShareIterations.Any(part => Iteration == _settings.Optimiser.Iterations / part);
            if (estimated)
                Estimate(share => share.OfModel(Model));
            var validation = Iteration % _settings.EffectiveValidateEvery == 0 || Iteration == _settings.Optimiser.Iterations ? Validate() : null;
            if (validation is not null)
                validations.Add(validation);
            progress?.Report(new TrainingProgress(this, step, validation, estimated ? ForegroundShare : null));
            failure?.Throw();
        }

        return new TrainingReport(Iteration, Best, losses, validations)
        {
            FillTime = batches.FillTime, WaitTime = batches.WaitTime, StepTime = (Stopwatch.GetElapsedTime(start) - batches.WaitTime) / Math.Max(1, losses.Count),
        };
    }

    /// <summary>Makes the model of this moment the best one, with its validation: where the former best one is lost.</summary>
    public void TakeAsBest()
    {
        using var rounding = Rounding();
        Best = _validator.WithDefaults(Model, _validator.Validate(_trainer));
    }

    /// <summary>Writes a checkpoint that <see cref="Resume"/> goes on from.</summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">The settings as JSON, with others beside those of the training; null = those of the training.</param>
    public void Save(string path, string? settings = null)
    {
        var metadata = Metadata(settings ?? _settings.ToJson());
        metadata[CheckpointFormat.DataKey] = _data.Fingerprint.ToJson();
        metadata[CheckpointFormat.ComputerKey] = Computer;
        _trainer.Save(path, metadata);
    }

    /// <summary>Writes the model of this moment to be given away: with its settings but those that name files and objects, without moments.</summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">The settings as JSON; null = those of the training.</param>
    public void SaveModel(string path, string? settings = null) => Checkpoint.Save(path, Model, metadata: Metadata(settings ?? _settings.ToGiveAway().ToJson()));

    /// <summary>Returns the model and the state of its optimiser to the pool.</summary>
    public void Dispose() => _holdings.Dispose();

    private static SpocoTraining Prepare(TrainingSet data, TrainingSettings settings, ComputeDevice device, int loaderThreads, Action<SpocoTraining> fill)
    {
        var training = new SpocoTraining(data, settings, device) { LoaderThreads = loaderThreads };
        try
        {
            fill(training);
            return training;
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }

    /// <summary>The device and, where it makes a difference there, the precision.</summary>
    internal static string ComputerOf(string device, in Capabilities capabilities, Precision precision) => capabilities.RoundsFactors ? $"{device} in {precision}" : device;

    /// <summary>Lets the device round as the training does, until the result is disposed: others may use it, too.</summary>
    private PrecisionScope Rounding() => new(Model.Device, Precision);

    private static ValidationResult? ReadBest(string path, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            return metadata.TryGetValue(CheckpointFormat.BestKey, out var json) ? JsonSerializer.Deserialize(json, CheckpointJson.Default.ValidationResult) : null;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: the best score so far is damaged.", e);
        }
    }

    private long BatchesBefore(long iteration) => _settings.Adversarial?.BatchesBefore(iteration) ?? iteration;

    private PatchSampler NewSampler() =>
        new(_data.Train, _settings.PatchExtents, _settings.EffectiveBatchSize, _settings.EffectiveAugmentation, _settings.Seed, _freePatches);

    private void Estimate(Func<ForegroundShareEstimate, double> estimate)
    {
        _share ??= new ForegroundShareEstimate(_data.Train, _settings, _freePatches);
        _trainer.ForegroundShare = Math.Clamp(estimate(_share), LeastShare, 1 - LeastShare);
    }

    private TrainingValidation Validate()
    {
        var result = _validator.Validate(_trainer);
        _trainer.Schedule.Observe(result.Loss);
        var isBest = Best is null || _validator.IsBetter(result, Best.Value);
        if (isBest)
            Best = result = _validator.WithDefaults(Model, result);
        return new TrainingValidation(Iteration, result, isBest, Model.Options.ForegroundThreshold, Model.Options.Segmentation.MergeDistance);
    }

    private Dictionary<string, string> Metadata(string settings)
    {
        var metadata = new Dictionary<string, string> { [CheckpointFormat.SettingsKey] = settings };
        if (Best is { } best)
            metadata[CheckpointFormat.BestKey] = JsonSerializer.Serialize(best, CheckpointJson.Default.ValidationResult);
        return metadata;
    }

    private void RequireRoom(SpocoModelOptions options)
    {
        var least = options.Network.MinimumSize;
        var patch = _settings.PatchExtents;
        if (patch.Depth < least.D || patch.Height < least.H || patch.Width < least.W)
            throw InputException.OfSetting("Data.Patch", $"{options.Network.FeatureMaps.Count} levels need at least {new PatchExtents(least.D, least.H, least.W)}, got {patch}.");
    }
}
