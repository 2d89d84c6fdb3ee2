using Spoco.Engine.Checkpoints;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>The critic of a training, its optimiser, and what it is shown: soft masks and true masks of the same objects.</summary>
internal sealed class Adversary : IDisposable
{
    // Initial parameters are drawn with the embedding network's seed, from other streams.
    private const long SeedOffset = 0x437269746963;
    private const long CriticStream = -4;
    private const long GeneratorStream = -5;

    private readonly AdversarialOptions _options;
    private readonly SpocoLossOptions _loss;
    private readonly long _seed;
    private readonly Critic _critic;
    private readonly AdamMoments _moments;
    private readonly float[] _real;
    private readonly Holdings _holdings;

    public Adversary(ComputeDevice device, AdversarialOptions options, SpocoLossOptions loss, long seed)
    {
        options.Validate();
        (_options, _loss, _seed) = (options, loss, seed);
        using var holdings = new Holdings();
        _critic = holdings.Add(new Critic(device, options.Critic));
        _critic.Parameters.Initialise(seed + SeedOffset);
        _moments = holdings.Add(new AdamMoments(_critic.Parameters, options.Dimensions, CheckpointFormat.Critic));
        _real = new float[options.Masks * options.Patch.Voxels];
        _holdings = holdings.Share();
    }

    /// <summary>Batches that the critic was given, and steps that it did: none on a batch without an object.</summary>
    public CriticProgress Progress { get; private set; }

    /// <summary>The critic's parameters and moments as arrays of a checkpoint.</summary>
    public IEnumerable<SafeTensorSource> Arrays =>
        [.. Checkpoint.Arrays(CheckpointFormat.Critic, _critic.Parameters, _options.Dimensions, _critic.Parameters.Values), .. _moments.Arrays];

    /// <summary>One step of the critic.</summary>
    /// <param name="embeddings">e^f; no gradient flows into them.</param>
    /// <param name="labels">Their labels.</param>
    /// <returns>What the critic thought before the step; null for a batch without an object.</returns>
    /// <exception cref="TrainingDivergedException">That, or a gradient, is not finite; parameters and moments are as before.</exception>
    public CriticLoss? Train(Tensor embeddings, LabelBatch labels)
    {
        var random = RandomSource.ForIndex(_seed, Progress.Batches, CriticStream);
        if (Draw(labels, random) is not { } clusters)
        {
            Progress = Progress with { Batches = Progress.Batches + 1 };
            return null;
        }

        var fake = SoftMasks.Apply(embeddings, labels, clusters, _loss);
        Span<float> epsilon = stackalloc float[clusters.Length];
        foreach (ref var e in epsilon)
            e = (float)random.NextDouble();
        var result = WassersteinLoss.Critic(_critic, Real(embeddings.Device, labels, clusters), fake, epsilon, _options.PenaltyWeight);
        if (!double.IsFinite(result.Real + result.Fake + result.Penalty) || !_moments.HaveFiniteGradients)
            throw new TrainingDivergedException(
                $"Training: what the critic thinks after {Progress.Steps} steps, or its gradient, is not finite ({result}); "
                + "try a lower learning rate of the critic.");
        Progress = new CriticProgress(Progress.Batches + 1, Progress.Steps + 1);
        _moments.Step(_options.Adam, Progress.Steps);
        return result;
    }

    /// <summary>L_wgan as a term of the embedding network's loss.</summary>
    public ILossTerm Term(long iteration) => new Judgement(this, iteration);

    /// <summary>Forgets the gradients of a step that failed.</summary>
    public void DiscardGradients() => _moments.DiscardGradients();

    /// <summary>Takes parameters and moments from a checkpoint.</summary>
    public void Fill(string path, SafeTensors file, CriticProgress progress)
    {
        if (progress.Batches < 0 || progress.Steps < 0 || progress.Steps > progress.Batches)
            throw new InputException($"{path}: the training state is damaged: {progress.Steps} steps of the critic on {progress.Batches} batches.");
        Checkpoint.Fill(path, file, CheckpointFormat.Critic, _critic.Parameters, _options.Dimensions, _critic.Parameters.Values);
        _moments.Fill(path, file);
        Progress = progress;
    }

    public void Dispose() => _holdings.Dispose();

    /// <summary>What the critic thinks of the soft masks of a batch; nothing of one without an object.</summary>
    private sealed class Judgement(Adversary adversary, long iteration) : ILossTerm
    {
        public string Name => "L_wgan";

        public float Weight => adversary._options.Weight;

        public Tensor? Apply(Tensor output, LabelBatch labels) =>
            adversary.Draw(labels, RandomSource.ForIndex(adversary._seed, iteration, GeneratorStream)) is { } clusters
                ? WassersteinLoss.Generator(adversary._critic, SoftMasks.Apply(output, labels, clusters, adversary._loss)) : null;
    }

    /// <summary>Clusters of objects, ascending; null where there is none.</summary>
    private int[]? Draw(LabelBatch labels, RandomSource random)
    {
        var objects = Enumerable.Range(0, labels.Clusters).Where(k => labels.Labels[k] != 0).ToArray();
        if (objects.Length == 0)
            return null;
        var drawn = new int[_options.Masks];
        for (var i = 0; i < drawn.Length; i++)
        {
            if (i % objects.Length == 0)
                random.Shuffle(objects.AsSpan());
            drawn[i] = objects[i % objects.Length];
        }

        Array.Sort(drawn);
        return drawn;
    }

    /// <summary>1 within the object, 0 elsewhere.</summary>
    private Tensor Real(ComputeDevice device, LabelBatch labels, int[] clusters)
    {
        Array.Clear(_real);
        var pixels = (int)_options.Patch.Voxels;
        for (var k = 0; k < clusters.Length; k++)
        {
            foreach (var pixel in labels.Pixels(clusters[k]))
                _real[k * pixels + pixel % pixels] = 1;
        }

        return Tensor.From(device, _options.Patch with { N = clusters.Length }, _real);
    }
}

/// <summary>How far the critic is.</summary>
/// <param name="Batches">Batches that it was given.</param>
/// <param name="Steps">Steps that it did.</param>
internal readonly record struct CriticProgress(long Batches, long Steps);
