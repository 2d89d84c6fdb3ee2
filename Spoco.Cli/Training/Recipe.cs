using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>
/// A training of the paper's: the numbers of its appendix (A.1, Tables 1 to 3), where it gives none those of the authors' code, and else ours.
/// </summary>
/// <param name="Name">What <c>--recipe</c> calls it.</param>
/// <param name="Summary">What it trains.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Sources">Where a setting comes from, by its option without dashes; a setting that is not named is a default of ours.</param>
internal sealed record Recipe(string Name, string Summary, TrainSettings Settings, IReadOnlyDictionary<string, string> Sources)
{
    // One validation in a hundredth of a training or so; the appendix says "a dataset-dependent number of iterations".
    private const int ValidateEvery = 1000;

    private static readonly AugmentationOptions Microscopy = AugmentationOptions.None with
    {
        Flips = FlipAxes.All, QuarterTurns = true, RotationDegrees = 45, NoiseProbability = 1, NoiseDeviation = new DrawRange(0, 0.2),
    };

    private static readonly TrainSettings Paper = new()
    {
        Labels = new() { Supervision = Supervision.Sparse },
        Validation = new() { Labels = ValidationLabels.Complete, Every = ValidateEvery },
        Network = new() { Embedding = 16, NoForeground = true },
        Optimiser = new() { LearningRate = 2e-4, WeightDecay = 1e-5, Momentum = 0.999, Schedule = ScheduleKind.ReduceOnPlateau },
        Loss = new() { KernelThreshold = 0.9 },
        Data = new() { Normalise = "zscore-per-channel", FreePatches = 0 },
    };

    private static readonly TrainSettings Plane = Paper with
    {
        Network = Paper.Network with { Dimensions = 2, Maps = [16, 32, 64, 128, 256, 512] },
        Data = Paper.Data with { Patch = [448, 448], BatchSize = 4 },
    };

    private static readonly TrainSettings Tissue = Paper with
    {
        Network = Paper.Network with { Dimensions = 3, Maps = [64, 128, 256, 512], Order = "gcr" },
        Data = Paper.Data with { Patch = [40, 64, 64], BatchSize = 8 },
        Augmentation = Microscopy with { ElasticDeviation = 2, ElasticSpacing = 32 },
    };

    private static readonly TrainSettings Sections = Plane with
    {
        Network = Plane.Network with { Order = "gcr" },
        Augmentation = Microscopy with { ElasticDeviation = 8, ElasticSpacing = 64 },
    };

    private static readonly Dictionary<string, string> Common = new()
    {
        ["learning-rate"] = "A.1: \"an initial learning rate of 0.0002\"",
        ["weight-decay"] = "A.1: \"weight decay 10^-5\"",
        ["schedule"] = "A.1: \"reduced by a factor of 0.2 when the validation loss stopped improving\", stopped \"below 10^-6\"",
        ["embedding"] = "A.1: \"16-dimensional embedding space\"",
        ["momentum"] = "A.6: \"m = 0.999 performs best\"",
        ["kernel-threshold"] = "A.7: \"a large value (e.g. t = 0.9) leads to a crisper, more separable embeddings\"",
        ["pull-margin"] = "A.4: \"bandwidth set to delta_v = 0.5\"",
        ["normalise"] = "authors' code: every channel by itself",
        ["no-foreground"] = "Tables 1 to 3: d channels and no other",
    };

    /// <summary>All recipes.</summary>
    public static IReadOnlyList<Recipe> All { get; } =
    [
        new("cvppp", "CVPPP leaves, 2D (A.1, Table 1)", Plane with
        {
            Source = Plane.Source with { Recipe = "cvppp", Subsets = ["A1"], HeldOut = 25 / 128.0 },
            Network = Plane.Network with { Order = "bcr" },
            Optimiser = Plane.Optimiser with { Iterations = 80_000 },
            Augmentation = new AugmentationOptions
            {
                Scale = new DrawRange(0.7, 1), ScaleOf = ScaleReference.Image, Flips = FlipAxes.All, QuarterTurns = false, NoiseProbability = 0,
            },
        }, With(new()
        {
            ["subsets"] = "A.3: \"the CVPPP A1 training set\"",
            ["held-out"] = "A.3: 103 randomly selected images for training, \"the remaining 25 images\" for validation",
            ["maps"] = "Table 1: 16, 32, 64, 128, 256, 512",
            ["order"] = "Table 1: ConvBlockBN",
            ["iterations"] = "A.1: \"up to 80K iterations\"",
            ["batch-size"] = "A.1: \"a minibatch size of 4\"",
            ["patch"] = "A.1: \"cropped to 448x448 pixels\"",
            ["scale"] = "A.1: \"randomly scaled\"; the range is the authors' code's",
            ["scale-of"] = "authors' code: RandomResizedCrop",
            ["flips"] = "A.1: \"flipped horizontally and vertically\"",
            ["jitter-probability"] = "A.1: \"random color jitter\"; the numbers are the authors' code's",
            ["blur-probability"] = "A.1: \"Gaussian blur\"; the numbers are the authors' code's",
            ["greyscale-probability"] = "authors' code",
        })),
        new("cityscapes", "Cityscapes, class-agnostic or --class NAME, 2D (A.1, A.8, Table 1)", Plane with
        {
            Source = Plane.Source with { Recipe = "cityscapes" },
            Network = Plane.Network with { Order = "bcr", Embedding = 8 },
            Optimiser = Plane.Optimiser with { Iterations = 90_000 },
            Data = Plane.Data with { BatchSize = 16, Patch = [384, 768] },
            Labels = Plane.Labels with { RatioOf = RatioOf.Set },
            Augmentation = new AugmentationOptions
            {
                Scale = new DrawRange(0.5, 2), ScaleOf = ScaleReference.Image, Flips = FlipAxes.Horizontal, QuarterTurns = false,
                JitterProbability = 0.8, BlurProbability = 1, NoiseProbability = 0,
            },
        }, With(new()
        {
            ["maps"] = "Table 1: 16, 32, 64, 128, 256, 512",
            ["order"] = "Table 1: ConvBlockBN",
            ["iterations"] = "A.1: \"up to 90K iterations\"",
            ["batch-size"] = "A.1: \"a minibatch size of 16\"",
            ["embedding"] = "A.1: \"The network output dimension was set to 8\"",
            ["patch"] = "Table 1: (M, N) = (384, 768); the text of A.1 says 358x768",
            ["scale"] = "A.1: \"scaling (ratio in [0.5, 2.0])\"",
            ["scale-of"] = "authors' code: RandomResizedCrop",
            ["flips"] = "A.1: \"Random flipping\"; horizontal is the authors' code's",
            ["jitter-probability"] = "A.1: \"color jitter\"; the numbers are the authors' code's",
            ["blur-probability"] = "A.1: \"Gaussian blurring\"; the numbers are the authors' code's",
            ["greyscale-probability"] = "A.1: \"random conversion to grayscale\"; the number is the authors' code's",
            ["ratio-of"] = "authors' code: objects are sampled from the whole training set",
        })),
        new("ovules", "Arabidopsis ovules, dense tissue, 3D (A.1, Table 2)", Tissue with
        {
            Source = Tissue.Source with { Recipe = "ovules" },
            Labels = Tissue.Labels with { Supervision = Supervision.Full },
            Optimiser = Tissue.Optimiser with { Iterations = 200_000 },
        }, With(new(TissueSources)
        {
            ["iterations"] = "A.1: \"up to 200K iterations\"",
        })),
        new("ovules-adversarial", "Ovules with a critic that judges the soft masks, 3D (A.1, Tables 2 and 4)", Tissue with
        {
            Source = Tissue.Source with { Recipe = "ovules-adversarial" },
            Labels = Tissue.Labels with { Supervision = Supervision.Full },
            Optimiser = Tissue.Optimiser with { Iterations = 200_000, LearningRate = 1e-4 },
            Critic = Tissue.Critic with { Enabled = true },
        }, With(new(TissueSources)
        {
            ["iterations"] = "A.1: \"up to 200K iterations\"",
            ["learning-rate"] = "A.1: \"beta_1 = 0.5, beta_2 = 0.9 and initial learning rate of 0.0001 for both networks\"",
            ["critic-rate"] = "A.1: the same",
            ["zeta"] = "A.1: \"zeta = 0.1 (L_wgan weight)\"",
            ["critic-steps"] = "A.1: \"n_critic = 5 iterations per each iteration of the embedding network\"",
            ["penalty-weight"] = "A.1: \"lambda = 10 (GP weight)\"",
            ["adversarial-warmup"] = "A.1: \"enabled after the warm-up period of 50K iterations\"",
            ["critic-maps"] = "Table 4: 64, 128, 256, 512",
        })),
        new("stem", "Arabidopsis stem, fine-tuned from ovules with --from, 3D (A.1, Table 2)", Tissue with
        {
            Source = Tissue.Source with { Recipe = "stem" },
            Optimiser = Tissue.Optimiser with { Iterations = 100_000, LearningRate = 2e-5, Schedule = ScheduleKind.Constant },
            Labels = Tissue.Labels with { RatioOf = RatioOf.Set },
        }, With(new(TissueSources)
        {
            ["iterations"] = "A.1: \"100K iterations\"",
            ["learning-rate"] = "A.1: \"a fixed, reduced learning rate of 0.00002\"",
            ["schedule"] = "A.1: \"fixed\"",
        })),
        new("vnc", "VNC mitochondria, electron microscopy, 2D (A.1, Table 3)", Sections with
        {
            Source = Sections.Source with { Recipe = "vnc" },
            Labels = Sections.Labels with { Supervision = Supervision.Full },
            Optimiser = Sections.Optimiser with { Iterations = 100_000 },
        }, With(new(SectionSources)
        {
            ["iterations"] = "A.1: \"up to 100K iterations\"",
            ["batch-size"] = "A.1: \"a minibatch size of 4\"",
        })),
        new("mitoem", "MitoEM mitochondria, fine-tuned from vnc with --from, 2D (A.1, A.3, Table 3)", Sections with
        {
            Source = Sections.Source with { Recipe = "mitoem" },
            Optimiser = Sections.Optimiser with { Iterations = 100_000, LearningRate = 2e-5, Schedule = ScheduleKind.Constant },
            Labels = Sections.Labels with { RatioOf = RatioOf.Set },
        }, With(new(SectionSources)
        {
            ["iterations"] = "A.1: \"100K iterations\"",
            ["learning-rate"] = "A.1: \"a fixed, reduced learning rate of 0.00002\"",
            ["schedule"] = "A.1: \"fixed\"",
            ["batch-size"] = "that of VNC",
            ["ratio-of"] = "Table 8: 1 % of the objects",
        })),
        new("dsb2018", "DSB2018 nuclei, 2D; not in the paper, numbers are ours", new TrainSettings
        {
            Source = new() { Recipe = "dsb2018", HeldOut = 0.2 },
            Network = new() { Maps = [16, 32, 64, 128, 256], Order = "bcr" },
            Data = new() { Patch = [256, 256], BatchSize = 8 },
            Optimiser = new() { Iterations = 20_000 },
            Validation = new() { Every = ValidateEvery },
        }, new Dictionary<string, string>()),
    ];

    private static Dictionary<string, string> TissueSources => new()
    {
        ["maps"] = "Table 2: 64, 128, 256, 512",
        ["order"] = "Table 2: ConvBlockGN",
        ["dim"] = "Table 2: \"All convolutions and max pooling operations are 3D\"",
        ["patch"] = "A.1: \"3D patches of shape 40x64x64 (ZYX axes ordering)\"",
        ["batch-size"] = "A.1: \"a minibatch size of 8\"",
        ["quarter-turns"] = "A.1: \"random rotations\"",
        ["rotation"] = "A.1: \"random rotations\"; the angle is ours",
        ["flips"] = "A.1: \"flips\"",
        ["elastic"] = "A.1: \"elastic deformations\"; the strength is ours",
        ["noise-probability"] = "A.1: \"Gaussian noise was added to the input\"; the strength is ours",
    };

    private static Dictionary<string, string> SectionSources => new(TissueSources)
    {
        ["maps"] = "Table 3, as Table 1",
        ["order"] = "A.1: \"group normalization for 3D and electron microscopy\"",
        ["dim"] = "A.1: \"2D U-Net architecture for the VNC and MitoEM datasets\"",
        ["patch"] = "A.1: \"2D patches of shape 448x448\"",
    };

    /// <summary>The recipe of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static Recipe Named(string name) => All.FirstOrDefault(recipe => recipe.Name == name)
        ?? throw new InputException($"--recipe: there is no recipe '{name}'; there are {string.Join(", ", All.Select(recipe => recipe.Name))}.");

    private static Dictionary<string, string> With(Dictionary<string, string> sources)
    {
        foreach (var (option, source) in Common)
            sources.TryAdd(option, source);
        return sources;
    }
}
