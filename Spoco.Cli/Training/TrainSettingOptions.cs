using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>The options of <c>spoco train</c>, each tied to one property of one subject of <see cref="TrainSettings"/>; a configuration file names them without dashes.</summary>
internal sealed partial class TrainSettingOptions
{
    private static readonly Subject<TrainSettings> All = new("", s => s, (_, all) => all);
    private static readonly Subject<SourceSettings> Source = new(nameof(TrainSettings.Source), s => s.Source, (s, part) => s with { Source = part });
    private static readonly Subject<LabelSettings> Labels = new(nameof(TrainSettings.Labels), s => s.Labels, (s, part) => s with { Labels = part });
    private static readonly Subject<DataSettings> Data = new(nameof(TrainSettings.Data), s => s.Data, (s, part) => s with { Data = part });
    private static readonly Subject<AugmentationOptions> Augmentation = new(nameof(TrainSettings.Augmentation), s => s.Augmentation, (s, part) => s with { Augmentation = part });
    private static readonly Subject<NetworkSettings> Network = new(nameof(TrainSettings.Network), s => s.Network, (s, part) => s with { Network = part });
    private static readonly Subject<LossSettings> Loss = new(nameof(TrainSettings.Loss), s => s.Loss, (s, part) => s with { Loss = part });
    private static readonly Subject<OptimiserSettings> Optimiser = new(nameof(TrainSettings.Optimiser), s => s.Optimiser, (s, part) => s with { Optimiser = part });
    private static readonly Subject<CriticSettings> Critic = new(nameof(TrainSettings.Critic), s => s.Critic, (s, part) => s with { Critic = part });
    private static readonly Subject<ValidationSettings> Validation = new(nameof(TrainSettings.Validation), s => s.Validation, (s, part) => s with { Validation = part });

    private readonly List<ISetting> _settings = [];

    public TrainSettingOptions()
    {
        AddData();
        AddSupervision();
        AddNetwork();
        AddLoss();
        AddAdversarial();
        AddAugmentation();
    }

    private interface ISetting
    {
        Option Option { get; }

        /// <summary>Where it stands, by its path from <see cref="TrainSettings"/>: what the engine's errors call it.</summary>
        string Path { get; }

        TrainSettings Apply(TrainSettings settings, ParseResult result);

        TrainSettings Apply(TrainSettings settings, JsonElement value);

        string? Text(TrainSettings settings);

        object? JsonValue(TrainSettings settings);
    }

    /// <summary>How a training computes.</summary>
    public static Option<string> Precision() => PrecisionWords.Option("tf32 on those GPUs, fp32 on others");

    public void AddTo(Command command)
    {
        foreach (var setting in _settings)
            command.Options.Add(setting.Option);
    }

    /// <summary><paramref name="start"/> with the given options applied.</summary>
    public TrainSettings Read(ParseResult result, TrainSettings start) => _settings.Aggregate(start, (settings, setting) => setting.Apply(settings, result));

    /// <summary><paramref name="start"/> with the precision that was given.</summary>
    public TrainSettings ReadPrecision(ParseResult result, TrainSettings start) => _settings.Single(s => s.Path == "Optimiser.Precision").Apply(start, result);

    /// <summary>Refuses options that say something else than the settings a training was started with.</summary>
    /// <param name="stored">Those settings.</param>
    /// <param name="result">The command line.</param>
    /// <param name="reason">What the error says in front of the value.</param>
    /// <exception cref="InputException">One does.</exception>
    public void RequireSame(TrainSettings stored, ParseResult result, string reason = "the training to be resumed was started with")
    {
        foreach (var setting in _settings)
        {
            var wanted = setting.Apply(stored, result);
            if (setting.Text(wanted) != setting.Text(stored))
                throw new InputException($"{setting.Option.Name}: {reason} {setting.Text(stored) ?? "the default"}; leave the option out.");
        }
    }

    /// <summary>The option of every setting that is within a part of the settings, by its path: <c>Labels.Budget</c> is <c>--budget</c>.</summary>
    public IReadOnlyDictionary<string, string> NamesByPath => _settings.Where(s => s.Path.Contains('.')).ToDictionary(s => s.Path, s => s.Option.Name);

    /// <summary>The names and values of all settings, those without a value left out.</summary>
    public IEnumerable<(string Name, string Value)> Describe(TrainSettings settings) =>
        _settings.Select(s => (s.Option.Name[2..], s.Text(settings))).Where(s => !string.IsNullOrEmpty(s.Item2)).Select(s => (s.Item1, s.Item2!));

    /// <summary>The settings as a configuration file.</summary>
    public string ToJson(TrainSettings settings)
    {
        var values = _settings.Select(s => (s.Option.Name[2..], Value: s.JsonValue(settings))).Where(s => s.Value is not (null or ""));
        return $"{{\n{string.Join(",\n", values.Select(s => $"  \"{s.Item1}\": {JsonSerializer.Serialize(s.Value, s.Value!.GetType(), OptionJson.Default)}"))}\n}}";
    }

    /// <summary><paramref name="start"/> with what a configuration file says.</summary>
    /// <param name="path">A JSON object whose names are options without dashes.</param>
    /// <param name="start">The settings for what the file does not name.</param>
    /// <exception cref="InputException">The file is no such object, or a name or value is unknown.</exception>
    public TrainSettings ReadFile(string path, TrainSettings start)
    {
        Dictionary<string, JsonElement>? values;
        try
        {
            values = JsonSerializer.Deserialize(Files.FileContents.Read(path), OptionJson.Default.DictionaryStringJsonElement);
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: not a JSON object of settings (see line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).", e);
        }

        foreach (var (name, value) in values ?? [])
        {
            var setting = _settings.Find(s => s.Option.Name == "--" + name)
                ?? throw new InputException($"{path}: there is no setting '{name}'; settings are the options of spoco train without dashes.");
            try
            {
                start = setting.Apply(start, value);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
            {
                throw new InputException($"{path}: {name}: {value.GetRawText().ReplaceLineEndings(" ")} is no value of this setting.", e);
            }
        }

        return start;
    }

    private void AddData()
    {
        Add(Source, "--data", "Folder with train/ and val/, each with images/ and labels/ (or raw/ and instances/), a folder or file of HDF5 or TIFF volumes, or CVPPP, "
            + "Cityscapes, DSB2018, VNC or MitoEM as published.", s => s.Data, (s, v) => s with { Data = v });
        Add(Source, "--val", "Images and labels to validate on instead of DATA/val; without either, a fifth of the images (or a quarter of one volume) is held out.",
            s => s.Validation, (s, v) => s with { Validation = v });
        Add(Source, "--held-out", "Fraction of the images, drawn by the seed, to hold out instead of the last fifth.", s => s.HeldOut, (s, v) => s with { HeldOut = v });
        Add(Source, "--held-out-seed", "Seed of that draw. Default: the seed.", s => s.HeldOutSeed, (s, v) => s with { HeldOutSeed = v });
        Add(Data, "--channels", "Channels that the network takes: 3 where a model of grey images stored as colour is to be fine-tuned on coloured ones. Default: what the "
            + "images need.", d => d.Channels, (d, v) => d with { Channels = v });
        AddNames(Source, "--subsets", "CVPPP: the folders to use, such as A1 or A1,A4. Default: all.", s => s.Subsets, (s, v) => s with { Subsets = v });
        Add(Source, "--class", "Cityscapes: train on the objects of one class (person, rider, car, truck, bus, train, motorcycle, bicycle). Default: all, class-agnostic.",
            s => s.Class, (s, v) => s with { Class = v });
        Add(Source, "--raw-name", "The image's dataset within HDF5 files.", s => s.RawName, (s, v) => s with { RawName = v });
        Add(Source, "--label-name", "The labels' dataset within HDF5 files.", s => s.LabelName, (s, v) => s with { LabelName = v });
        Add(Labels, "--ignore-label", "A label of voxels that are not known: they are neither an object nor background (the only label that may be negative). With full "
            + "supervision the background then is learned as one more object, without a foreground channel.",
            l => l.IgnoreLabel, (l, v) => l with { IgnoreLabel = v });
        Add(Labels, "--background-label", "A label of voxels that are certain to be background, such as a scribble, where 0 means not labelled (sparse supervision).",
            l => l.BackgroundLabel, (l, v) => l with { BackgroundLabel = v });
        Add(Labels, "--split-labels", "Make every piece of a label (pixels that touch) an object: for labels that only tell objects from background.",
            l => l.SplitLabels, (l, v) => l with { SplitLabels = v });
        Add(Data, "--normalise", "What the network sees of intensities: zscore (mean 0, deviation 1), zscore-per-channel, percentile(LOW,HIGH) (each channel "
            + "cut at two percentiles, then zscore), percentile(LOW,HIGH,M) (cut M times their distance outside of them), fixed(MEAN,DEVIATION), or none. "
            + "Stored in the model.",
            d => d.Normalise, (d, v) => d with { Normalise = v });
        Add(Data, "--clip", "Cut normalised intensities at minus and plus this.", d => d.Clip, (d, v) => d with { Clip = v });
        Add(Network, "--dim", "2 or 3 dimensions; a 2D network takes the slices of a volume as images.", n => n.Dimensions, (n, v) => n with { Dimensions = v });
        AddNumbers(Data, "--patch", "Size of the training patches, slowest axis first. Default 128,128 or 32,64,64.", d => d.Patch, (d, v) => d with { Patch = v });
        Add(Data, "--free-patches", "Part of the patches that lie anywhere in their image; the others show a labelled object. Default: half the chance that a patch "
            + "shows none; what is far from all labelled objects has to be seen, too.", d => d.FreePatches, (d, v) => d with { FreePatches = v });
        Add(Data, "--batch-size", "Patches per step. Default 4 in 2D, 1 in 3D.", d => d.BatchSize, (d, v) => d with { BatchSize = v });
    }

    private void AddSupervision()
    {
        Add(Labels, "--supervision", "full: every object is labelled and 0 is background. sparse: 0 means not labelled; the foreground is learned from "
            + "labelled objects, chosen at random, and from what other pixels have in common with them.",
            l => l.Supervision, (l, v) => l with { Supervision = v });
        Add(Labels, "--instance-ratio", "Fraction of the training objects to keep (sparse supervision); the rest become unlabelled.",
            l => l.InstanceRatio, (l, v) => l with { InstanceRatio = v });
        Add(Labels, "--ratio-of", "image: of every image's objects, at least one each. set: of the objects of the whole training set.",
            l => l.RatioOf, (l, v) => l with { RatioOf = v });
        Add(Labels, "--budget", "Keep this many objects of the whole training set.", l => l.Budget, (l, v) => l with { Budget = v });
        Add(Labels, "--budget-kind", "sparse: one object in each of as many images. dense: one image with all its objects, which are as many.",
            l => l.BudgetKind, (l, v) => l with { BudgetKind = v });
        AddNames(Labels, "--known-objects", "Keep these objects of the training set, each as IMAGE:NUMBER; the images of the others are left out, as with a budget.",
            l => l.KnownObjects, (l, v) => l with { KnownObjects = v });
        Add(Labels, "--labels-are", "What a label marks of its object (sparse supervision). full: all of it. partial: a scribble or a blob within it; what the pixels beside "
            + "it are is not known then, and L_obj, L_Upush and the outlines of the foreground are left out.", l => l.Extent, (l, v) => l with { Extent = v });
        Add(Validation, "--validation-labels", "complete: every object of a validation image is labelled. sparse: some are, and the scores are those of the labelled "
            + "objects; of complete labels as many are used as of the training images. auto: sparse with sparse supervision, complete where --instance-ratio, "
            + "--budget or --known-objects says that the files hold more labels than are used.",
            v => v.Labels, (v, value) => v with { Labels = value });
        Add(Labels, "--self-supervised", "Use no labels: learn from the consistency of f and g alone. Images need no labels; where some have, they score the validation.",
            l => l.SelfSupervised, (l, v) => l with { SelfSupervised = v });
        Add(Network, "--from", "Start with the parameters of this model (a .safetensors file, or the folder of a training), whose network is taken over.",
            n => n.From, (n, v) => n with { From = v });
    }

    private void AddNetwork()
    {
        AddNumbers(Network, "--maps", "Feature maps of each level of the U-Net, the finest first.", n => n.Maps, (n, v) => n with { Maps = v });
        Add(Network, "--order", $"Convolution unit: {UNetOptions.OrderLetters}. Default bcr in 2D, gcr in 3D.",
            n => n.Order, (n, v) => n with { Order = v });
        Add(Network, "--embedding", "Dimensions of a pixel's embedding.", n => n.Embedding, (n, v) => n with { Embedding = v });
        Add(Network, "--anisotropic", "3D: pool by 1x2x2, for volumes whose slices lie far apart.", n => n.AnisotropicPooling, (n, v) => n with { AnisotropicPooling = v });
        Add(Network, "--no-foreground", "Learn no foreground channel (the paper's network).", n => n.NoForeground, (n, v) => n with { NoForeground = v });
        Add(Optimiser, "--iterations", "Training steps.", o => o.Iterations, (o, v) => o with { Iterations = v });
        Add(Optimiser, "--learning-rate", "Start value of the learning rate.", o => o.LearningRate, (o, v) => o with { LearningRate = v });
        Add(Optimiser, "--schedule", "Cosine to 0 over all iterations, reduceonplateau (by 0.2, until below 1e-6), multistep (by 0.1), or constant.",
            o => o.Schedule, (o, v) => o with { Schedule = v });
        Add(Optimiser, "--patience", "reduceonplateau: validations without improvement before the rate falls.", o => o.Patience, (o, v) => o with { Patience = v });
        AddNumbers(Optimiser, "--milestones", "multistep: fractions of the training at which the rate falls.", o => o.Milestones, (o, v) => o with { Milestones = v });
        Add(Optimiser, "--weight-decay", "Added to the gradient, times the weight.", o => o.WeightDecay, (o, v) => o with { WeightDecay = v });
        Add(Optimiser, "--beta1", "Adam's decay of the first moment. Default 0.9, or 0.5 with --adversarial.", o => o.Beta1, (o, v) => o with { Beta1 = v });
        Add(Optimiser, "--beta2", "Adam's decay of the second moment. Default 0.999, or 0.9 with --adversarial.", o => o.Beta2, (o, v) => o with { Beta2 = v });
        Add(Optimiser, "--g-network", "What L_Ucon compares f with: momentum (a slow copy of f), shared (f itself), dropout (f itself with spatial dropout in the bottleneck), or "
            + "trained (weights of its own).", o => o.GNetwork, (o, v) => o with { GNetwork = v });
        Add(Optimiser, "--momentum", "m of the momentum update of g.", o => o.Momentum, (o, v) => o with { Momentum = v });
        Add(Optimiser, Precision(), o => PrecisionWords.Of(o.Precision), (o, v) => o with { Precision = PrecisionWords.Parse(v) }, ".Precision");
        Add(Validation, "--validate-every", "Steps between validations. Default a tenth of the iterations.", v => v.Every, (v, value) => v with { Every = value });
        Add(All, "--seed", "Seed of parameters, patches, augmentation, anchors and the choice of objects.", s => s.Seed, (s, v) => s with { Seed = v });
    }

    private void AddLoss()
    {
        Add(Loss, "--pull-margin", "delta_v: distance from the mean at which pull ends.", l => l.PullMargin, (l, v) => l with { PullMargin = v });
        Add(Loss, "--push-margin", "delta_d: half the distance of two means at which push ends.", l => l.PushMargin, (l, v) => l with { PushMargin = v });
        Add(Loss, "--pull-weight", "alpha: weight of L_pull.", l => l.PullWeight, (l, v) => l with { PullWeight = v });
        Add(Loss, "--push-weight", "beta: weight of L_push.", l => l.PushWeight, (l, v) => l with { PushWeight = v });
        Add(Loss, "--regulariser-weight", "gamma: weight of L_reg.", l => l.RegulariserWeight, (l, v) => l with { RegulariserWeight = v });
        Add(Loss, "--instance-weight", "lambda: weight of L_obj; 0 turns it off.", l => l.InstanceWeight, (l, v) => l with { InstanceWeight = v });
        Add(Loss, "--instance-loss", "L_obj: dice, bce, affinity, or none (the discriminative loss).", l => l.InstanceLoss, (l, v) => l with { InstanceLoss = v });
        Add(Loss, "--kernel-threshold", "t: value of the soft mask at distance delta_v; 0.9 is the paper's best, above 0.95 is unstable.",
            l => l.KernelThreshold, (l, v) => l with { KernelThreshold = v });
        Add(Loss, "--unlabelled-push-weight", "Weight of L_Upush (sparse supervision); 0 turns it off.",
            l => l.UnlabelledPushWeight, (l, v) => l with { UnlabelledPushWeight = v });
        Add(Loss, "--consistency-weight", "Weight of L_Ucon; 0 turns it off. Default 1 with sparse supervision, 0 with full.",
            l => l.ConsistencyWeight, (l, v) => l with { ConsistencyWeight = v });
        Add(Loss, "--foreground-weight", "Weight of the loss of the foreground channel: BCE + Dice, with sparse supervision their estimate from labelled "
            + "and unlabelled pixels.", l => l.ForegroundWeight, (l, v) => l with { ForegroundWeight = v });
        Add(Loss, "--foreground-balance", "Full supervision: largest weight in it of pixels in and around small objects; 1: every pixel counts the same.",
            l => l.ForegroundBalance, (l, v) => l with { ForegroundBalance = v });
        Add(Loss, "--foreground-outline", "Sparse supervision: weight in it of the outlines of labelled objects, beside which mostly is background; 0 turns it "
            + "off.", l => l.ForegroundOutline, (l, v) => l with { ForegroundOutline = v });
        Add(Loss, "--foreground-agreement", "Sparse supervision: weight in it of the agreement of f and g on unlabelled pixels.",
            l => l.ForegroundAgreement, (l, v) => l with { ForegroundAgreement = v });
        Add(Loss, "--foreground-share", "Sparse supervision: share of the pixels that belong to objects, labelled or not, between 0 and 1. "
            + "Default: estimated from images and labels.",
            l => l.ForegroundShare, (l, v) => l with { ForegroundShare = v });
    }

    private void AddAdversarial()
    {
        Add(Critic, "--adversarial", "Let a critic judge the soft masks of the labelled objects (WGAN-GP). The paper then has a learning rate of 0.0001.",
            c => c.Enabled, (c, v) => c with { Enabled = v });
        Add(Critic, "--zeta", "Weight of the critic's judgement.", c => c.Weight, (c, v) => c with { Weight = v });
        Add(Critic, "--critic-steps", "n_critic: steps of the critic, each on patches of its own, before every training step.",
            c => c.Steps, (c, v) => c with { Steps = v });
        Add(Critic, "--adversarial-warmup", "Training steps before the critic begins.", c => c.WarmUp, (c, v) => c with { WarmUp = v });
        Add(Critic, "--penalty-weight", "Weight of the critic's gradient penalty.", c => c.PenaltyWeight, (c, v) => c with { PenaltyWeight = v });
        Add(Critic, "--critic-masks", "Masks of a batch that the critic sees.", c => c.Masks, (c, v) => c with { Masks = v });
        AddNumbers(Critic, "--critic-maps", "Feature maps of each block of the critic.", c => c.Maps, (c, v) => c with { Maps = v });
        Add(Critic, "--critic-rate", "Learning rate of the critic.", c => c.LearningRate, (c, v) => c with { LearningRate = v });
    }

    private void AddAugmentation()
    {
        Add(All, "--no-augmentation", "Train on the patches as they are.", s => s.NoAugmentation, (s, v) => s with { NoAugmentation = v });
        AddRange(Augmentation, "--scale", "Area of the region that becomes a patch, from,to.", a => a.Scale, (a, v) => a with { Scale = v });
        Add(Augmentation, "--scale-of", "patch: that area is relative to the patch. image: relative to the image (torchvision's RandomResizedCrop); whole images are then resized "
            + "to the patch's size for validation, predict and segment.", a => a.ScaleOf, (a, v) => a with { ScaleOf = v });
        Add(Augmentation, "--flips", "all: every axis is mirrored with probability 1/2. horizontal: only left and right. none.", a => a.Flips, (a, v) => a with { Flips = v });
        Add(Augmentation, "--quarter-turns", "Rotate by multiples of 90 degrees (true or false).", a => a.QuarterTurns, (a, v) => a with { QuarterTurns = v });
        Add(Augmentation, "--rotation", "Rotate by an angle of -R to R degrees.", a => a.RotationDegrees, (a, v) => a with { RotationDegrees = v });
        Add(Augmentation, "--elastic", "Elastic deformation: deviation of its control points in voxels.", a => a.ElasticDeviation, (a, v) => a with { ElasticDeviation = v });
        Add(Augmentation, "--elastic-spacing", "Distance of the control points in voxels.", a => a.ElasticSpacing, (a, v) => a with { ElasticSpacing = v });
        Add(Augmentation, "--axes", "3D: what zoom, turns and rotations touch: byvoxelsize, inplane (y and x) or all.", a => a.Axes, (a, v) => a with { Axes = v });
        Add(Augmentation, "--jitter-probability", "Probability of intensity or colour jitter.", a => a.JitterProbability, (a, v) => a with { JitterProbability = v });
        Add(Augmentation, "--brightness", "Jitter: largest value added, in deviations of the image.", a => a.Brightness, (a, v) => a with { Brightness = v });
        Add(Augmentation, "--contrast", "Jitter: values are multiplied by 1 - c to 1 + c.", a => a.Contrast, (a, v) => a with { Contrast = v });
        Add(Augmentation, "--gamma", "Jitter of grey images: exponent of 1 / (1 + g) to 1 + g.", a => a.Gamma, (a, v) => a with { Gamma = v });
        Add(Augmentation, "--saturation", "Jitter of colour images: saturation times 1 - s to 1 + s.", a => a.Saturation, (a, v) => a with { Saturation = v });
        Add(Augmentation, "--hue", "Jitter of colour images: turn of the hue, as a part of the circle.", a => a.Hue, (a, v) => a with { Hue = v });
        Add(Augmentation, "--greyscale-probability", "Probability that a colour image loses its colours.", a => a.GreyscaleProbability, (a, v) => a with { GreyscaleProbability = v });
        Add(Augmentation, "--blur-probability", "Probability of Gaussian blur.", a => a.BlurProbability, (a, v) => a with { BlurProbability = v });
        AddRange(Augmentation, "--blur-sigma", "Its deviation in voxels, from,to.", a => a.BlurSigma, (a, v) => a with { BlurSigma = v });
        Add(Augmentation, "--noise-probability", "Probability of Gaussian noise.", a => a.NoiseProbability, (a, v) => a with { NoiseProbability = v });
        AddRange(Augmentation, "--noise", "Its deviation in deviations of the image, from,to.", a => a.NoiseDeviation, (a, v) => a with { NoiseDeviation = v });
        Add(Augmentation, "--poisson-probability", "Probability of shot noise.", a => a.PoissonProbability, (a, v) => a with { PoissonProbability = v });
        AddRange(Augmentation, "--poisson", "Its events per deviation of the image, from,to: the fewer, the noisier.", a => a.PoissonEvents, (a, v) => a with { PoissonEvents = v });
    }

    // property: the text of get, which names the property after its last point.
    private void Add<TPart, T>(
        Subject<TPart> subject, string name, string description, Func<TPart, T> get, Func<TPart, T, TPart> set, [CallerArgumentExpression(nameof(get))] string property = "") =>
        Add(subject, new Option<T>(name) { Description = description }, get, set, property);

    private void Add<TPart, T>(Subject<TPart> subject, Option<T> option, Func<TPart, T> get, Func<TPart, T, TPart> set, string property)
    {
        var setting = new Setting<TPart, T>(subject, option, get, set, $"{subject.Name}{property[property.LastIndexOf('.')..]}".TrimStart('.'));
        if (option.DefaultValueFactory is null && setting.Text(new TrainSettings()) is { Length: > 0 } initial and not "false")
            option.Description += $" [default: {initial}]";
        _settings.Add(setting);
    }

    private void AddRange<TPart>(
        Subject<TPart> subject, string name, string description, Func<TPart, DrawRange> get, Func<TPart, DrawRange, TPart> set,
        [CallerArgumentExpression(nameof(get))] string property = "") =>
        Add(subject, new Option<DrawRange>(name) { Description = description, HelpName = "a,b", CustomParser = ParseRange }, get, set, property);

    private void AddNumbers<TPart, T>(
        Subject<TPart> subject, string name, string description, Func<TPart, T[]?> get, Func<TPart, T[], TPart> set, [CallerArgumentExpression(nameof(get))] string property = "")
        where T : struct, ISpanParsable<T> =>
        Add(subject, new Option<T[]?>(name) { Description = description, HelpName = "n,n,...", CustomParser = ParseNumbers<T> }, get, (part, v) => set(part, v!), property);

    private void AddNames<TPart>(
        Subject<TPart> subject, string name, string description, Func<TPart, string[]> get, Func<TPart, string[], TPart> set,
        [CallerArgumentExpression(nameof(get))] string property = "") =>
        Add(subject, new Option<string[]>(name)
        {
            Description = description, HelpName = "name,...", CustomParser = result => [.. result.Tokens.SelectMany(t => t.Value.Split(','))],
        }, get, set, property);

    private static DrawRange ParseRange(ArgumentResult result)
    {
        if (ParseNumbers<double>(result) is [var from, var to])
            return new DrawRange(from, to);
        result.AddError("expected two numbers separated by a comma, such as 0.7,1.");
        return default;
    }

    private static T[] ParseNumbers<T>(ArgumentResult result) where T : struct, ISpanParsable<T>
    {
        var parts = result.Tokens.SelectMany(t => t.Value.Split(',')).ToArray();
        var numbers = new T[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!T.TryParse(parts[i], CultureInfo.InvariantCulture, out numbers[i]))
                result.AddError($"'{parts[i]}' is not a {(typeof(T) == typeof(int) ? "whole " : "")}number; expected numbers separated by commas, such as 128,128.");
        }

        return numbers;
    }

    /// <summary>Where the settings of a subject stand.</summary>
    private sealed record Subject<TPart>(string Name, Func<TrainSettings, TPart> Get, Func<TrainSettings, TPart, TrainSettings> Set);

    /// <summary>What a configuration file may hold.</summary>
    [JsonSourceGenerationOptions(AllowTrailingCommas = true, ReadCommentHandling = JsonCommentHandling.Skip)]
    [JsonSerializable(typeof(Dictionary<string, JsonElement>))]
    [JsonSerializable(typeof(bool))]
    [JsonSerializable(typeof(string))]
    [JsonSerializable(typeof(int?))]
    [JsonSerializable(typeof(long?))]
    [JsonSerializable(typeof(double?))]
    [JsonSerializable(typeof(int[]))]
    [JsonSerializable(typeof(double[]))]
    [JsonSerializable(typeof(string[]))]
    private sealed partial class OptionJson : JsonSerializerContext;

    private sealed class Setting<TPart, T>(Subject<TPart> subject, Option<T> option, Func<TPart, T> get, Func<TPart, T, TPart> set, string path) : ISetting
    {
        public Option Option => option;

        public string Path => path;

        public TrainSettings Apply(TrainSettings settings, ParseResult result) =>
            result.GetResult(option) is { Implicit: false } ? With(settings, result.GetValue(option)!) : settings;

        public TrainSettings Apply(TrainSettings settings, JsonElement value)
        {
            object? read = typeof(T) == typeof(DrawRange) ? value.Deserialize(OptionJson.Default.DoubleArray) is [var from, var to] ? new DrawRange(from, to) : throw new FormatException()
                : typeof(T).IsEnum ? Enum.Parse(typeof(T), value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException(), ignoreCase: true)
                : value.Deserialize(typeof(T), OptionJson.Default);
            return With(settings, (T)(read ?? throw new FormatException()));
        }

        public string? Text(TrainSettings settings) => get(subject.Get(settings)) switch
        {
            null => null,
            bool truth => truth ? "true" : "false",
            Enum choice => choice.ToString().ToLowerInvariant(),
            System.Collections.IEnumerable list and not string => string.Join(",", list.Cast<object>().Select(v => string.Create(CultureInfo.InvariantCulture, $"{v}"))),
            var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };

        public object? JsonValue(TrainSettings settings) => get(subject.Get(settings)) switch
        {
            Enum choice => choice.ToString().ToLowerInvariant(),
            DrawRange range => new[] { range.From, range.To },
            var value => value,
        };

        private TrainSettings With(TrainSettings settings, T value) => subject.Set(settings, set(subject.Get(settings), value));
    }
}
