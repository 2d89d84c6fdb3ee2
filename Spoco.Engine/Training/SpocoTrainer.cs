using System.Text.Json;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Training;

/// <summary>A loss, a gradient or a running statistic is no finite number; the model is what it was before the step.</summary>
public sealed class TrainingDivergedException(string message) : Exception(message);

/// <summary>What one training step did.</summary>
/// <param name="Iteration">Its number, counted from 0.</param>
/// <param name="LearningRate">The rate it used.</param>
/// <param name="Loss">The weighted loss, mean over the batch.</param>
/// <param name="Terms">Its unweighted terms, means over the batch.</param>
/// <param name="Adversarial">L_wgan, unweighted; 0 where there is no critic (yet).</param>
/// <param name="Critic">What the critic last thought before this step; all 0 where there is none.</param>
/// <param name="Further">The further terms, unweighted (<see cref="TrainingOptions.FurtherTerms"/>); null where there are none.</param>
public readonly record struct TrainingStep(
    long Iteration, double LearningRate, double Loss, SpocoTerms Terms, double Adversarial = 0, CriticLoss Critic = default, IReadOnlyList<TermValue>? Further = null);

/// <summary>
/// Trains a <see cref="SpocoModel"/>. One step: f forward; update of g with the f of before the step (<see cref="GNetwork"/>); g forward, only where
/// the consistency term needs it and without gradient unless g is trained; loss; backward; Adam. Same seed and device: the same bits, for any number of threads.
/// A step that fails, for whatever reason but a device that fails in the middle of Adam's update, leaves the model, running statistics included, and the
/// training as they were. A GPU has the whole step before it is waited for, once: the device itself decides whether Adam changes anything.
/// <code>
/// for (var i = trainer.CriticBatches; i > 0; i--)      // 0 without the adversarial option, and during its warm-up
///     trainer.TrainCritic(batches.Next());
/// trainer.Step(batches.Next());
/// </code>
/// </summary>
public sealed class SpocoTrainer : IDisposable
{
    // Patches use the streams 0 .. N - 1 of an iteration and -1; these take streams that nobody else has.
    private const long AnchorStream = -2;
    private const long DropoutStream = -3;
    private const float DropoutProbability = 0.5f;
    private const int Findings = (int)Finding.Statistic + 1;

    /// <summary>What speaks against a step: that one of these is no finite number. In the order in which they are told of.</summary>
    private enum Finding
    {
        Loss,
        Gradient,
        Statistic,
    }

    private SpocoLossOptions _loss;
    private readonly AdamMoments _moments;
    private readonly AdamMoments? _momentsOfG;
    private readonly Adversary? _adversary;
    private readonly AcceptedStatistics _statistics;
    private readonly AcceptedStatistics _statisticsOfG;
    private readonly Holdings _holdings;
    private readonly StagedBatch?[] _staged = new StagedBatch?[2];
    private CriticLoss _criticLoss;
    private Launched? _launched;

    /// <summary>
    /// Prepares the training of a model that was made with <c>trained: true</c>, and with <c>momentumTrained: true</c> where g is trained.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range, or the model takes no gradients.</exception>
    public SpocoTrainer(SpocoModel model, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        if (model.EmbeddingNet.Parameters.Gradients.IsNull)
            throw new ArgumentException("SpocoTrainer: the model was made for prediction only (trained: false).");
        if (options.Momentum is not (>= 0 and <= 1))
            throw new ArgumentException($"SpocoTrainer: the momentum must be in [0, 1], got {options.Momentum}.");
        var trainsG = options.GNetwork == GNetwork.Trained;
        if (trainsG && model.MomentumNet.Parameters.Gradients.IsNull)
            throw new ArgumentException("SpocoTrainer: g is to be trained, but the model has no gradients for it (momentumTrained: false).");
        if (trainsG && options.Loss is { ReferenceCompatible: true, InstanceLoss: InstanceLoss.Bce })
            throw new ArgumentException("SpocoTrainer: g can be trained where f and g are compared by Dice, not by the reference's cross-entropy.");
        Model = model;
        Options = options;
        Schedule = new LearningRateSchedule(options.Schedule);
        _loss = options.Loss with
        {
            PullMargin = (float)model.Options.PullMargin, PushMargin = (float)model.Options.PushMargin, ForegroundChannel = model.Options.Foreground,
            // The foreground of a g that is trained by itself learns from nothing.
            ForegroundAgreement = trainsG ? 0 : options.Loss.ForegroundAgreement,
        };
        _loss.Validate();
        var dimensions = model.Options.Network.Dimensions;
        using var holdings = new Holdings();
        _moments = holdings.Add(new AdamMoments(model.EmbeddingNet.Parameters, dimensions, ""));
        if (trainsG)
            _momentsOfG = holdings.Add(new AdamMoments(model.MomentumNet.Parameters, dimensions, CheckpointFormat.OfG));
        _statistics = holdings.Add(new AcceptedStatistics(model.EmbeddingNet.Parameters));
        _statisticsOfG = holdings.Add(new AcceptedStatistics(model.MomentumNet.Parameters));
        if (options.Adversarial is { } adversarial)
            _adversary = holdings.Add(new Adversary(model.Device, adversarial, _loss, options.Seed));
        _holdings = holdings.Share();
    }

    /// <summary>The model that the steps change.</summary>
    public SpocoModel Model { get; }

    /// <summary>Loss, optimiser, schedule and critic, as the trainer was made with.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The learning rate.</summary>
    internal LearningRateSchedule Schedule { get; }

    /// <summary>Steps done so far.</summary>
    public long Iteration { get; private set; }

    /// <summary>
    /// pi of the foreground loss under sparse supervision (<see cref="SpocoLossOptions.ForegroundShare"/>): may change as more is known of it, and is part of
    /// what <see cref="Save"/> writes.
    /// </summary>
    /// <exception cref="ArgumentException">It is not between 0 and 1.</exception>
    public double ForegroundShare
    {
        get => _loss.ForegroundShare;
        set
        {
            var loss = _loss with { ForegroundShare = value };
            loss.Validate();
            _loss = loss;
        }
    }

    /// <summary>Batches that <see cref="TrainCritic"/> is to be given before the next <see cref="Step"/>.</summary>
    public int CriticBatches => Options.Adversarial is { } adversarial && Iteration >= adversarial.WarmUp ? adversarial.CriticSteps : 0;

    /// <summary>Does one step of the critic.</summary>
    /// <returns>What it thought before the step; null for a batch without an object, from which it learns nothing.</returns>
    /// <exception cref="InvalidOperationException">The training has no critic.</exception>
    /// <exception cref="ArgumentException">The batch holds a value that is infinite or not a number.</exception>
    /// <exception cref="TrainingDivergedException">What the critic thinks is no finite number, or its gradient is none.</exception>
    public CriticLoss? TrainCritic(TrainingBatch batch)
    {
        StagedBatch.RequireNumbers(batch);
        if (_adversary is null)
            throw new InvalidOperationException("SpocoTrainer: there is no critic to train (TrainingOptions.Adversarial).");
        return OrLeaveAsItWas(() => CriticStep(batch, _adversary));
    }

    /// <summary>One step: both networks forward, the loss, f backward, Adam, and g after f.</summary>
    /// <exception cref="ArgumentException">The batch holds a value that is infinite or not a number.</exception>
    /// <exception cref="TrainingDivergedException">The loss, a gradient or a running statistic is no finite number.</exception>
    public TrainingStep Step(TrainingBatch batch)
    {
        Launch(Stage(batch));
        return Complete();
    }

    /// <summary>The loss of a batch with f and g as they predict (running statistics); changes nothing.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Number of the batch within the validation: selects its anchors.</param>
    /// <exception cref="ArgumentException">The batch holds a value that is infinite or not a number.</exception>
    public double Validate(TrainingBatch batch, int index)
    {
        StagedBatch.RequireNumbers(batch);
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        using var labels = LabelBatch.From(batch.Shape.WithChannels(1), batch.Labels);
        var y = Model.EmbeddingNet.Forward(Tensor.From(Model.Device, batch.Shape, batch.ViewF), training: false);
        var yg = Consistency(() => Tensor.From(Model.Device, batch.Shape, batch.ViewG), training: false);
        return SpocoLoss.Apply(y, labels, _loss, yg, AnchorSeed(index), further: Options.FurtherTerms).Value;
    }

    /// <summary>Writes a checkpoint from which <see cref="Resume"/> continues bit for bit.</summary>
    /// <param name="path">The file.</param>
    /// <param name="metadata">Further strings to keep with it.</param>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var state = new TrainingState(Iteration, Schedule.State, _adversary?.Progress ?? default, ForegroundShare);
        Checkpoint.Save(path, Model, [.. _moments.Arrays, .. _momentsOfG?.Arrays ?? [], .. _adversary?.Arrays ?? []],
            new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { [CheckpointFormat.TrainingKey] = JsonSerializer.Serialize(state, CheckpointJson.Default.TrainingState) });
    }

    /// <summary>Takes parameters, moments and position from a checkpoint of <see cref="Save"/>.</summary>
    /// <returns>The file's metadata.</returns>
    /// <exception cref="InputException">The file is damaged, of another architecture, or holds no training state.</exception>
    public IReadOnlyDictionary<string, string> Resume(string path)
    {
        var file = SafeTensors.Open(path);
        if (!file.Metadata.TryGetValue(CheckpointFormat.TrainingKey, out var json))
            throw new InputException($"{path}: holds a model but no training state; it cannot be resumed.");
        TrainingState state;
        try
        {
            state = JsonSerializer.Deserialize(json, CheckpointJson.Default.TrainingState) ?? throw new InputException($"{path}: the training state is empty.");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: the training state is damaged.", e);
        }

        if (state.Iteration is < 0 or >= int.MaxValue)
            throw new InputException($"{path}: the training state is damaged: iteration {state.Iteration}.");
        if (state.ForegroundShare is not (null or (> 0 and < 1)))
            throw new InputException($"{path}: the training state is damaged: share of foreground {state.ForegroundShare}.");
        var options = Checkpoint.ReadOptions(path, file);
        Checkpoint.Load(path, file, Model);
        Model.SetSegmentation(options.ForegroundThreshold, options.SizeFloor, options.MergeDistance);
        Model.Precision = options.Precision;
        _moments.Fill(path, file);
        _momentsOfG?.Fill(path, file);
        _adversary?.Fill(path, file, state.Critic);
        Iteration = state.Iteration;
        Schedule.State = state.Schedule;
        ForegroundShare = state.ForegroundShare ?? ForegroundShare;
        return file.Metadata;
    }

    /// <summary>Returns Adam's moments and the memory of batches to the pool; the model stays.</summary>
    public void Dispose()
    {
        foreach (var batch in _staged)
            batch?.Dispose();
        _holdings.Dispose();
    }

    /// <summary>
    /// Copies a batch to the device beside a step that is launched; the batch may be filled again at once. To be given to <see cref="Launch"/> before another one is staged.
    /// </summary>
    /// <exception cref="ArgumentException">The batch holds a value that is infinite or not a number.</exception>
    internal StagedBatch Stage(TrainingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);

        // Beside a step its own memory is left alone; else nothing may be at work, nor what a step that failed has left.
        if (_launched is null)
            Model.Device.Synchronize();
        ref var staged = ref _staged[_launched is not null && _launched.Batch == _staged[0] ? 1 : 0];
        if (staged?.Shape != batch.Shape)
        {
            staged?.Dispose();
            staged = null;
            staged = new StagedBatch(Model.Device, batch.Shape);
        }

        staged.Fill(batch, _loss);
        return staged;
    }

    /// <summary>Launches a step, all of it; the device is not waited for. Where it fails, all is as it was.</summary>
    internal void Launch(StagedBatch batch)
    {
        if (_launched is not null)
            throw new InvalidOperationException("SpocoTrainer: a step is launched already.");
        try
        {
            _launched = OrLeaveAsItWas(() => Advance(batch));
        }
        finally
        {
            batch.Clear();
        }
    }

    /// <summary>Waits for the step that was launched.</summary>
    /// <exception cref="TrainingDivergedException">The loss, a gradient or a running statistic is no finite number; all is as it was.</exception>
    internal TrainingStep Complete()
    {
        var (_, rate, loss, isJudged) = _launched ?? throw new InvalidOperationException("SpocoTrainer: no step is launched.");
        _launched = null;
        try
        {
            RequireFinite(loss, rate);
        }
        catch
        {
            LeaveAsItWas();
            throw;
        }

        var further = loss.Further;
        return new TrainingStep(
            Iteration++, rate, loss.Value, loss.Mean, isJudged ? further[^1].Value : 0, _criticLoss,
            Options.FurtherTerms.Count == 0 ? null : [.. further.Take(Options.FurtherTerms.Count)]);
    }

    /// <summary>Of activations beyond 1e19 the variance is infinite, and what is divided by it 0: the loss does not show it.</summary>
    private void RequireFiniteStatistics()
    {
        if (!_statistics.AreFinite || !_statisticsOfG.AreFinite)
            throw DivergedStatistic();
    }

    private TrainingDivergedException DivergedStatistic() => new($"Training: a running statistic of iteration {Iteration} is not finite; try a lower learning rate.");

    /// <summary>Does a step; where it fails, running statistics are what they were and no gradient is left over for the next one.</summary>
    private T OrLeaveAsItWas<T>(Func<T> step)
    {
        _statistics.Keep();
        _statisticsOfG.Keep();
        try
        {
            return step();
        }
        catch
        {
            LeaveAsItWas();
            throw;
        }
    }

    private void LeaveAsItWas()
    {
        _statistics.Restore();
        _statisticsOfG.Restore();
        _moments.DiscardGradients();
        _momentsOfG?.DiscardGradients();
        _adversary?.DiscardGradients();
    }

    private CriticLoss? CriticStep(TrainingBatch batch, Adversary adversary)
    {
        using var scope = new TensorScope();
        using var labels = batch.TakeLabels();
        Tensor y;
        using (Gradients.NoRecording())
            y = Model.EmbeddingNet.Forward(Tensor.From(Model.Device, batch.Shape, batch.ViewF), training: true);
        RequireFiniteStatistics();
        var loss = adversary.Train(y, labels);
        _criticLoss = loss ?? _criticLoss;
        return loss;
    }

    private Launched Advance(StagedBatch batch)
    {
        var rate = Schedule.Rate(Iteration);
        using var scope = new TensorScope();
        var labels = batch.Labels;
        var y = Model.EmbeddingNet.Forward(batch.TakeViewF(), training: true);
        FollowF();
        var yg = Consistency(batch.TakeViewG, training: true);
        var judge = CriticBatches > 0 ? _adversary!.Term(Iteration) : null;
        var loss = SpocoLoss.Evaluate(
            y, labels, _loss, yg, AnchorSeed(Iteration), further: judge is null ? Options.FurtherTerms : [.. Options.FurtherTerms, judge], findings: Findings);
        var lossOfG = yg is { RequiresGradient: true } ? LossOfG(y, yg, labels) : null;
        Gradients.Backward(loss.Total);
        if (lossOfG is not null)
            Gradients.Backward(lossOfG);
        Examine(loss.Report);
        Update(rate, lossOfG is not null, loss.Report.Findings);
        loss.Report.BeginRead();
        return new Launched(batch, rate, loss, judge is not null);
    }

    /// <summary>Notes on the device what speaks against the step.</summary>
    private void Examine(LossReport report)
    {
        Primitives.Reduction.NoteNonFinite(report.Values, Of(Finding.Loss));
        _moments.Examine(Of(Finding.Gradient));
        _momentsOfG?.Examine(Of(Finding.Gradient));
        _statistics.Examine(Of(Finding.Statistic));
        _statisticsOfG.Examine(Of(Finding.Statistic));

        DeviceBuffer<int> Of(Finding finding) => report.Findings.Slice((int)finding, 1);
    }

    /// <summary>Updates f and g, which the device leaves as they are where anything was found.</summary>
    private void Update(double rate, bool trainsG, DeviceBuffer<int> findings)
    {
        var (f, g) = (Model.EmbeddingNet.Parameters.Values, Model.MomentumNet.Parameters.Values);
        var adam = Options.Adam with { LearningRate = rate };
        _moments.Step(adam, Iteration + 1, Options.GNetwork == GNetwork.Momentum ? g : default, Options.Momentum, findings);
        if (trainsG)
            _momentsOfG!.Step(adam, Iteration + 1, findings: findings);

        // So that what is validated and saved is one network, too.
        if (Options.GNetwork is GNetwork.Shared or GNetwork.Dropout)
            f.CopyTo(g);
    }

    private void RequireFinite(SpocoLossResult loss, double rate)
    {
        if (loss.Report.Found((int)Finding.Loss))
            throw new TrainingDivergedException(
                $"Training: the loss of iteration {Iteration} is {loss.Value} ({loss.Mean}); try a lower learning rate than {rate:g3}.");
        if (loss.Report.Found((int)Finding.Gradient))
            throw new TrainingDivergedException(
                $"Training: a gradient of iteration {Iteration} is not finite ({loss.Mean}); try a lower learning rate than {rate:g3}.");
        if (loss.Report.Found((int)Finding.Statistic))
            throw DivergedStatistic();
    }

    /// <summary>What g takes from f before its forward pass; the average over f's past was updated with Adam's step.</summary>
    private void FollowF()
    {
        var (f, g) = (Model.EmbeddingNet.Parameters, Model.MomentumNet.Parameters);
        if (Options.GNetwork is GNetwork.Shared or GNetwork.Dropout)
            f.Values.CopyTo(g.Values);

        // Where the loss never runs g, its batch norms would keep their first statistics: f's are what fits its parameters best.
        if (_loss.ConsistencyWeight == 0)
            f.Statistics.CopyTo(g.Statistics);
    }

    /// <summary>e^g where the loss has a consistency term; recorded only where g is trained.</summary>
    private Tensor? Consistency(Func<Tensor> view, bool training)
    {
        if (_loss.ConsistencyWeight == 0)
            return null;
        using var pause = training && Options.GNetwork == GNetwork.Trained ? null : Gradients.NoRecording();
        (float, long)? dropout = training && Options.GNetwork == GNetwork.Dropout ? (DropoutProbability, Seed(Iteration, DropoutStream)) : null;
        return Model.MomentumNet.Forward(view(), training, dropout);
    }

    /// <summary>
    /// L_Ucon as a function of e^g: a Dice does not change when its masks change places, so f is to g here what g is to f in the loss. The same seed gives the same anchors: what is near to
    /// one is so in e^f or in e^g.
    /// </summary>
    private Tensor LossOfG(Tensor y, Tensor yg, LabelBatch labels) => SpocoLoss.Evaluate(
        yg, labels, _loss with
        {
            PullWeight = 0, PushWeight = 0, RegulariserWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0, ForegroundWeight = 0,
        },
        y, AnchorSeed(Iteration)).Total;

    private int AnchorSeed(long index) => (int)Seed(index, AnchorStream);

    private long Seed(long index, long stream) => (long)RandomSource.ForIndex(Options.Seed, index, stream).NextUInt64();

    /// <summary>A step that the device has, and what will be known of it.</summary>
    private sealed record Launched(StagedBatch Batch, double Rate, SpocoLossResult Loss, bool IsJudged);
}
