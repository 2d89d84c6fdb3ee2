using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Spoco.Cli.Data;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>The options of <c>spoco train</c>, each tied to one property of <see cref="TrainSettings"/>; a configuration file names them without dashes.</summary>
internal sealed class TrainSettingOptions
{
    private static readonly JsonSerializerOptions Json = new() { AllowTrailingCommas = true, ReadCommentHandling = JsonCommentHandling.Skip };
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

        TrainSettings Apply(TrainSettings settings, ParseResult result);

        TrainSettings Apply(TrainSettings settings, JsonElement value);

        string? Text(TrainSettings settings);

        object? JsonValue(TrainSettings settings);
    }

    public void AddTo(Command command)
    {
        foreach (var setting in _settings)
            command.Options.Add(setting.Option);
    }

    /// <summary><paramref name="start"/> with the given options applied.</summary>
    public TrainSettings Read(ParseResult result, TrainSettings start) => _settings.Aggregate(start, (settings, setting) => setting.Apply(settings, result));

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

    /// <summary>The names and values of all settings, those without a value left out.</summary>
    public IEnumerable<(string Name, string Value)> Describe(TrainSettings settings) =>
        _settings.Select(s => (s.Option.Name[2..], s.Text(settings))).Where(s => !string.IsNullOrEmpty(s.Item2)).Select(s => (s.Item1, s.Item2!));

    /// <summary>The settings as a configuration file.</summary>
    public string ToJson(TrainSettings settings)
    {
        var values = _settings.Select(s => (s.Option.Name[2..], Value: s.JsonValue(settings))).Where(s => s.Value is not (null or ""));
        return $"{{\n{string.Join(",\n", values.Select(s => $"  \"{s.Item1}\": {JsonSerializer.Serialize(s.Value)}"))}\n}}";
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
            values = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Files.FileContents.Read(path), Json);
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
        Add("--data", "Folder with train/ and val/, each with images/ and labels/ (or raw/ and instances/), a folder or file of HDF5 or TIFF volumes, or CVPPP, "
            + "Cityscapes, DSB2018, VNC or MitoEM as published.", s => s.Data, (s, v) => s with { Data = v });
        Add("--val", "Images and labels to validate on instead of DATA/val; without either, a fifth of the images (or a quarter of one volume) is held out.",
            s => s.Validation, (s, v) => s with { Validation = v });
        Add("--held-out", "Fraction of the images, drawn by the seed, to hold out instead of the last fifth.", s => s.HeldOut, (s, v) => s with { HeldOut = v });
        Add("--held-out-seed", "Seed of that draw. Default: the seed.", s => s.HeldOutSeed, (s, v) => s with { HeldOutSeed = v });
        Add("--channels", "Channels that the network takes: 3 where a model of grey images stored as colour is to be fine-tuned on coloured ones. Default: what the "
            + "images need.", s => s.Channels, (s, v) => s with { Channels = v });
        AddNames("--subsets", "CVPPP: the folders to use, such as A1 or A1,A4. Default: all.", s => s.Subsets, (s, v) => s with { Subsets = v });
        Add("--class", "Cityscapes: train on the objects of one class (person, rider, car, truck, bus, train, motorcycle, bicycle). Default: all, class-agnostic.",
            s => s.Class, (s, v) => s with { Class = v });
        Add("--raw-name", "The image's dataset within HDF5 files.", s => s.RawName, (s, v) => s with { RawName = v });
        Add("--label-name", "The labels' dataset within HDF5 files.", s => s.LabelName, (s, v) => s with { LabelName = v });
        Add("--ignore-label", "A label of voxels that are not known: they are neither an object nor background (the only label that may be negative). With full "
            + "supervision the background then is learned as one more object, without a foreground channel.",
            s => s.IgnoreLabel, (s, v) => s with { IgnoreLabel = v });
        Add("--background-label", "A label of voxels that are certain to be background, such as a scribble, where 0 means not labelled (sparse supervision).",
            s => s.BackgroundLabel, (s, v) => s with { BackgroundLabel = v });
        Add("--split-labels", "Make every piece of a label (pixels that touch) an object: for labels that only tell objects from background.",
            s => s.SplitLabels, (s, v) => s with { SplitLabels = v });
        Add("--normalise", "What the network sees of intensities: zscore (mean 0, deviation 1), zscore-per-channel, percentile(LOW,HIGH) (each channel "
            + "cut at two percentiles, then zscore), percentile(LOW,HIGH,M) (cut M times their distance outside of them), fixed(MEAN,DEVIATION), or none. "
            + "Stored in the model.",
            s => s.Normalise, (s, v) => s with { Normalise = v });
        Add("--clip", "Cut normalised intensities at minus and plus this.", s => s.Clip, (s, v) => s with { Clip = v });
        Add("--dim", "2 or 3 dimensions; a 2D network takes the slices of a volume as images.", s => s.Dimensions, (s, v) => s with { Dimensions = v });
        AddNumbers("--patch", "Size of the training patches, slowest axis first. Default 128,128 or 32,64,64.", s => s.Patch, (s, v) => s with { Patch = v });
        Add("--free-patches", "Part of the patches that lie anywhere in their image; the others show a labelled object. Default: half the chance that a patch "
            + "shows none; what is far from all labelled objects has to be seen, too.", s => s.FreePatches, (s, v) => s with { FreePatches = v });
        Add("--batch-size", "Patches per step. Default 4 in 2D, 1 in 3D.", s => s.BatchSize, (s, v) => s with { BatchSize = v });
    }

    private void AddSupervision()
    {
        Add("--supervision", "full: every object is labelled and 0 is background. sparse: 0 means not labelled; the foreground is learned from "
            + "labelled objects, chosen at random, and from what other pixels have in common with them.",
            s => s.Supervision, (s, v) => s with { Supervision = v });
        Add("--instance-ratio", "Fraction of the training objects to keep (sparse supervision); the rest become unlabelled.",
            s => s.InstanceRatio, (s, v) => s with { InstanceRatio = v });
        Add("--ratio-of", "image: of every image's objects, at least one each. set: of the objects of the whole training set.",
            s => s.RatioOf, (s, v) => s with { RatioOf = v });
        Add("--budget", "Keep this many objects of the whole training set.", s => s.Budget, (s, v) => s with { Budget = v });
        Add("--budget-kind", "sparse: one object in each of as many images. dense: one image with all its objects, which are as many.",
            s => s.BudgetKind, (s, v) => s with { BudgetKind = v });
        AddNames("--known-objects", "Keep these objects of the training set, each as IMAGE:NUMBER; the images of the others are left out, as with a budget.",
            s => s.KnownObjects, (s, v) => s with { KnownObjects = v });
        Add("--labels-are", "What a label marks of its object (sparse supervision). full: all of it. partial: a scribble or a blob within it; what the pixels beside "
            + "it are is not known then, and L_obj, L_Upush and the outlines of the foreground are left out.", s => s.LabelsAre, (s, v) => s with { LabelsAre = v });
        Add("--validation-labels", "complete: every object of a validation image is labelled. sparse: some are, and the scores are those of the labelled "
            + "objects; of complete labels as many are used as of the training images. auto: sparse with sparse supervision, complete where --instance-ratio, "
            + "--budget or --known-objects says that the files hold more labels than are used.",
            s => s.ValidationLabels, (s, v) => s with { ValidationLabels = v });
        Add("--self-supervised", "Use no labels: learn from the consistency of f and g alone. Images need no labels; where some have, they score the validation.",
            s => s.SelfSupervised, (s, v) => s with { SelfSupervised = v });
        Add("--from", "Start with the parameters of this model (a .safetensors file, or the folder of a training), whose network is taken over.",
            s => s.From, (s, v) => s with { From = v });
    }

    private void AddNetwork()
    {
        AddNumbers("--maps", "Feature maps of each level of the U-Net, the finest first.", s => s.Maps, (s, v) => s with { Maps = v });
        Add("--order", $"Convolution unit: {UNetOptions.OrderLetters}. Default bcr in 2D, gcr in 3D.",
            s => s.Order, (s, v) => s with { Order = v });
        Add("--embedding", "Dimensions of a pixel's embedding.", s => s.Embedding, (s, v) => s with { Embedding = v });
        Add("--anisotropic", "3D: pool by 1x2x2, for volumes whose slices lie far apart.", s => s.AnisotropicPooling, (s, v) => s with { AnisotropicPooling = v });
        Add("--no-foreground", "Learn no foreground channel (the paper's network).", s => s.NoForeground, (s, v) => s with { NoForeground = v });
        Add("--iterations", "Training steps.", s => s.Iterations, (s, v) => s with { Iterations = v });
        Add("--learning-rate", "Start value of the learning rate.", s => s.LearningRate, (s, v) => s with { LearningRate = v });
        Add("--schedule", "Cosine to 0 over all iterations, reduceonplateau (by 0.2, until below 1e-6), multistep (by 0.1), or constant.",
            s => s.Schedule, (s, v) => s with { Schedule = v });
        Add("--patience", "reduceonplateau: validations without improvement before the rate falls.", s => s.Patience, (s, v) => s with { Patience = v });
        AddNumbers("--milestones", "multistep: fractions of the training at which the rate falls.", s => s.Milestones, (s, v) => s with { Milestones = v });
        Add("--weight-decay", "Added to the gradient, times the weight.", s => s.WeightDecay, (s, v) => s with { WeightDecay = v });
        Add("--beta1", "Adam's decay of the first moment. Default 0.9, or 0.5 with --adversarial.", s => s.Beta1, (s, v) => s with { Beta1 = v });
        Add("--beta2", "Adam's decay of the second moment. Default 0.999, or 0.9 with --adversarial.", s => s.Beta2, (s, v) => s with { Beta2 = v });
        Add("--g-network", "What L_Ucon compares f with: momentum (a slow copy of f), shared (f itself), dropout (f itself with spatial dropout in the bottleneck), or "
            + "trained (weights of its own).", s => s.GNetwork, (s, v) => s with { GNetwork = v });
        Add("--momentum", "m of the momentum update of g.", s => s.Momentum, (s, v) => s with { Momentum = v });
        Add("--validate-every", "Steps between validations. Default a tenth of the iterations.", s => s.ValidateEvery, (s, v) => s with { ValidateEvery = v });
        Add("--seed", "Seed of parameters, patches, augmentation, anchors and the choice of objects.", s => s.Seed, (s, v) => s with { Seed = v });
    }

    private void AddLoss()
    {
        Add("--pull-margin", "delta_v: distance from the mean at which pull ends.", s => s.PullMargin, (s, v) => s with { PullMargin = v });
        Add("--push-margin", "delta_d: half the distance of two means at which push ends.", s => s.PushMargin, (s, v) => s with { PushMargin = v });
        Add("--pull-weight", "alpha: weight of L_pull.", s => s.PullWeight, (s, v) => s with { PullWeight = v });
        Add("--push-weight", "beta: weight of L_push.", s => s.PushWeight, (s, v) => s with { PushWeight = v });
        Add("--regulariser-weight", "gamma: weight of L_reg.", s => s.RegulariserWeight, (s, v) => s with { RegulariserWeight = v });
        Add("--instance-weight", "lambda: weight of L_obj; 0 turns it off.", s => s.InstanceWeight, (s, v) => s with { InstanceWeight = v });
        Add("--instance-loss", "L_obj: dice, bce, affinity, or none (the discriminative loss).", s => s.InstanceLoss, (s, v) => s with { InstanceLoss = v });
        Add("--kernel-threshold", "t: value of the soft mask at distance delta_v; 0.9 is the paper's best, above 0.95 is unstable.",
            s => s.KernelThreshold, (s, v) => s with { KernelThreshold = v });
        Add("--unlabelled-push-weight", "Weight of L_Upush (sparse supervision); 0 turns it off.",
            s => s.UnlabelledPushWeight, (s, v) => s with { UnlabelledPushWeight = v });
        Add("--consistency-weight", "Weight of L_Ucon; 0 turns it off. Default 1 with sparse supervision, 0 with full.",
            s => s.ConsistencyWeight, (s, v) => s with { ConsistencyWeight = v });
        Add("--foreground-weight", "Weight of the loss of the foreground channel: BCE + Dice, with sparse supervision their estimate from labelled "
            + "and unlabelled pixels.", s => s.ForegroundWeight, (s, v) => s with { ForegroundWeight = v });
        Add("--foreground-balance", "Full supervision: largest weight in it of pixels in and around small objects; 1: every pixel counts the same.",
            s => s.ForegroundBalance, (s, v) => s with { ForegroundBalance = v });
        Add("--foreground-outline", "Sparse supervision: weight in it of the outlines of labelled objects, beside which mostly is background; 0 turns it "
            + "off.", s => s.ForegroundOutline, (s, v) => s with { ForegroundOutline = v });
        Add("--foreground-agreement", "Sparse supervision: weight in it of the agreement of f and g on unlabelled pixels.",
            s => s.ForegroundAgreement, (s, v) => s with { ForegroundAgreement = v });
        Add("--foreground-share", "Sparse supervision: share of the pixels that belong to objects, labelled or not, between 0 and 1. "
            + "Default: estimated from images and labels.",
            s => s.ForegroundShare, (s, v) => s with { ForegroundShare = v });
    }

    private void AddAdversarial()
    {
        Add("--adversarial", "Let a critic judge the soft masks of the labelled objects (WGAN-GP). The paper then has a learning rate of 0.0001.",
            s => s.Adversarial, (s, v) => s with { Adversarial = v });
        Add("--zeta", "Weight of the critic's judgement.", s => s.AdversarialWeight, (s, v) => s with { AdversarialWeight = v });
        Add("--critic-steps", "n_critic: steps of the critic, each on patches of its own, before every training step.",
            s => s.CriticSteps, (s, v) => s with { CriticSteps = v });
        Add("--adversarial-warmup", "Training steps before the critic begins.", s => s.AdversarialWarmUp, (s, v) => s with { AdversarialWarmUp = v });
        Add("--penalty-weight", "Weight of the critic's gradient penalty.", s => s.PenaltyWeight, (s, v) => s with { PenaltyWeight = v });
        Add("--critic-masks", "Masks of a batch that the critic sees.", s => s.CriticMasks, (s, v) => s with { CriticMasks = v });
        AddNumbers("--critic-maps", "Feature maps of each block of the critic.", s => s.CriticMaps, (s, v) => s with { CriticMaps = v });
        Add("--critic-rate", "Learning rate of the critic.", s => s.CriticRate, (s, v) => s with { CriticRate = v });
    }

    private void AddAugmentation()
    {
        Add("--no-augmentation", "Train on the patches as they are.", s => s.NoAugmentation, (s, v) => s with { NoAugmentation = v });
        AddRange("--scale", "Area of the region that becomes a patch, from,to.", a => a.Scale, (a, v) => a with { Scale = v });
        Vary("--scale-of", "patch: that area is relative to the patch. image: relative to the image (torchvision's RandomResizedCrop); whole images are then resized "
            + "to the patch's size for validation, predict and segment.", a => a.ScaleOf, (a, v) => a with { ScaleOf = v });
        Vary("--flips", "all: every axis is mirrored with probability 1/2. horizontal: only left and right. none.", a => a.Flips, (a, v) => a with { Flips = v });
        Vary("--quarter-turns", "Rotate by multiples of 90 degrees (true or false).", a => a.QuarterTurns, (a, v) => a with { QuarterTurns = v });
        Vary("--rotation", "Rotate by an angle of -R to R degrees.", a => a.RotationDegrees, (a, v) => a with { RotationDegrees = v });
        Vary("--elastic", "Elastic deformation: deviation of its control points in voxels.", a => a.ElasticDeviation, (a, v) => a with { ElasticDeviation = v });
        Vary("--elastic-spacing", "Distance of the control points in voxels.", a => a.ElasticSpacing, (a, v) => a with { ElasticSpacing = v });
        Vary("--axes", "3D: what zoom, turns and rotations touch: byvoxelsize, inplane (y and x) or all.", a => a.Axes, (a, v) => a with { Axes = v });
        Vary("--jitter-probability", "Probability of intensity or colour jitter.", a => a.JitterProbability, (a, v) => a with { JitterProbability = v });
        Vary("--brightness", "Jitter: largest value added, in deviations of the image.", a => a.Brightness, (a, v) => a with { Brightness = v });
        Vary("--contrast", "Jitter: values are multiplied by 1 - c to 1 + c.", a => a.Contrast, (a, v) => a with { Contrast = v });
        Vary("--gamma", "Jitter of grey images: exponent of 1 / (1 + g) to 1 + g.", a => a.Gamma, (a, v) => a with { Gamma = v });
        Vary("--saturation", "Jitter of colour images: saturation times 1 - s to 1 + s.", a => a.Saturation, (a, v) => a with { Saturation = v });
        Vary("--hue", "Jitter of colour images: turn of the hue, as a part of the circle.", a => a.Hue, (a, v) => a with { Hue = v });
        Vary("--greyscale-probability", "Probability that a colour image loses its colours.", a => a.GreyscaleProbability, (a, v) => a with { GreyscaleProbability = v });
        Vary("--blur-probability", "Probability of Gaussian blur.", a => a.BlurProbability, (a, v) => a with { BlurProbability = v });
        AddRange("--blur-sigma", "Its deviation in voxels, from,to.", a => a.BlurSigma, (a, v) => a with { BlurSigma = v });
        Vary("--noise-probability", "Probability of Gaussian noise.", a => a.NoiseProbability, (a, v) => a with { NoiseProbability = v });
        AddRange("--noise", "Its deviation in deviations of the image, from,to.", a => a.NoiseDeviation, (a, v) => a with { NoiseDeviation = v });
        Vary("--poisson-probability", "Probability of shot noise.", a => a.PoissonProbability, (a, v) => a with { PoissonProbability = v });
        AddRange("--poisson", "Its events per deviation of the image, from,to: the fewer, the noisier.", a => a.PoissonEvents, (a, v) => a with { PoissonEvents = v });
    }

    private void Add<T>(string name, string description, Func<TrainSettings, T> get, Func<TrainSettings, T, TrainSettings> set) =>
        Add(new Option<T>(name) { Description = description }, get, set);

    private void Add<T>(Option<T> option, Func<TrainSettings, T> get, Func<TrainSettings, T, TrainSettings> set)
    {
        var setting = new Setting<T>(option, get, set);
        if (setting.Text(new TrainSettings()) is { Length: > 0 } initial and not "false")
            option.Description += $" [default: {initial}]";
        _settings.Add(setting);
    }

    private void Vary<T>(string name, string description, Func<AugmentationOptions, T> get, Func<AugmentationOptions, T, AugmentationOptions> set) =>
        Add(name, description, s => get(s.Augmentation), (s, v) => s with { Augmentation = set(s.Augmentation, v) });

    private void AddRange(string name, string description, Func<AugmentationOptions, DrawRange> get, Func<AugmentationOptions, DrawRange, AugmentationOptions> set) =>
        Add(new Option<DrawRange>(name) { Description = description, HelpName = "a,b", CustomParser = ParseRange },
            s => get(s.Augmentation), (s, v) => s with { Augmentation = set(s.Augmentation, v) });

    private void AddNumbers<T>(string name, string description, Func<TrainSettings, T[]?> get, Func<TrainSettings, T[], TrainSettings> set)
        where T : struct, ISpanParsable<T> =>
        Add(new Option<T[]?>(name) { Description = description, HelpName = "n,n,...", CustomParser = ParseNumbers<T> }, get, (s, v) => set(s, v!));

    private void AddNames(string name, string description, Func<TrainSettings, string[]> get, Func<TrainSettings, string[], TrainSettings> set) =>
        Add(new Option<string[]>(name)
        {
            Description = description, HelpName = "name,...", CustomParser = result => [.. result.Tokens.SelectMany(t => t.Value.Split(','))],
        }, get, set);

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

    private sealed class Setting<T>(Option<T> option, Func<TrainSettings, T> get, Func<TrainSettings, T, TrainSettings> set) : ISetting
    {
        public Option Option => option;

        public TrainSettings Apply(TrainSettings settings, ParseResult result) =>
            result.GetResult(option) is { Implicit: false } ? set(settings, result.GetValue(option)!) : settings;

        public TrainSettings Apply(TrainSettings settings, JsonElement value)
        {
            object? read = typeof(T) == typeof(DrawRange) ? value.Deserialize<double[]>() is [var from, var to] ? new DrawRange(from, to) : throw new FormatException()
                : typeof(T).IsEnum ? Enum.Parse(typeof(T), value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException(), ignoreCase: true)
                : value.Deserialize<T>();
            return set(settings, (T)(read ?? throw new FormatException()));
        }

        public string? Text(TrainSettings settings) => get(settings) switch
        {
            null => null,
            bool truth => truth ? "true" : "false",
            Enum choice => choice.ToString().ToLowerInvariant(),
            System.Collections.IEnumerable list and not string => string.Join(",", list.Cast<object>().Select(v => string.Create(CultureInfo.InvariantCulture, $"{v}"))),
            var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };

        public object? JsonValue(TrainSettings settings) => get(settings) switch
        {
            Enum choice => choice.ToString().ToLowerInvariant(),
            DrawRange range => new[] { range.From, range.To },
            var value => value,
        };
    }
}
