using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>The options of <c>spoco train</c>, each tied to one property of <see cref="TrainSettings"/>.</summary>
internal sealed class TrainSettingOptions
{
    private readonly List<ISetting> _settings = [];

    public TrainSettingOptions()
    {
        Add("--data", "Folder with train/ and val/, each with images/ and labels/ (or raw/ and instances/), or a folder or file of HDF5 or TIFF volumes.",
            s => s.Data, (s, v) => s with { Data = v });
        Add("--val", "Images and labels to validate on instead of DATA/val; without either, a fifth of the images (or a quarter of one volume) is held out.",
            s => s.Validation, (s, v) => s with { Validation = v });
        Add("--dim", "2 or 3 dimensions; a 2D network takes the slices of a volume as images.", s => s.Dimensions, (s, v) => s with { Dimensions = v });
        Add("--supervision", "full: every object is labelled and 0 is background. sparse: 0 means not labelled.",
            s => s.Supervision, (s, v) => s with { Supervision = v });
        Add("--instance-ratio", "Fraction of each training image's objects to keep (sparse supervision); the rest become unlabelled.",
            s => s.InstanceRatio, (s, v) => s with { InstanceRatio = v });
        Add("--iterations", "Training steps.", s => s.Iterations, (s, v) => s with { Iterations = v });
        AddList("--patch", "Size of the training patches, slowest axis first. Default 128,128 or 32,64,64.", s => s.Patch, (s, v) => s with { Patch = v });
        Add("--batch-size", "Patches per step. Default 4 in 2D, 1 in 3D.", s => s.BatchSize, (s, v) => s with { BatchSize = v });
        AddList("--maps", "Feature maps of each level of the U-Net, the finest first.", s => s.Maps, (s, v) => s with { Maps = v! });
        Add("--order", "Convolution unit: g group norm, b batch norm, c convolution, r ReLU, l LeakyReLU, e ELU. Default bcr in 2D, gcr in 3D.",
            s => s.Order, (s, v) => s with { Order = v });
        Add("--embedding", "Dimensions of a pixel's embedding.", s => s.Embedding, (s, v) => s with { Embedding = v });
        Add("--anisotropic", "3D: pool by 1x2x2, for volumes whose slices lie far apart.", s => s.AnisotropicPooling, (s, v) => s with { AnisotropicPooling = v });
        Add("--no-foreground", "Full supervision: learn no foreground channel (the paper's network).", s => s.NoForeground, (s, v) => s with { NoForeground = v });
        Add("--no-augmentation", "Train on the patches as they are.", s => s.NoAugmentation, (s, v) => s with { NoAugmentation = v });
        Add("--learning-rate", "Start value of the learning rate.", s => s.LearningRate, (s, v) => s with { LearningRate = v });
        Add("--schedule", "Cosine to 0 over all iterations, reduceonplateau (by 0.2), or constant.", s => s.Schedule, (s, v) => s with { Schedule = v });
        Add("--patience", "reduceonplateau: validations without improvement before the rate falls.", s => s.Patience, (s, v) => s with { Patience = v });
        Add("--weight-decay", "Added to the gradient, times the weight.", s => s.WeightDecay, (s, v) => s with { WeightDecay = v });
        Add("--momentum", "m of the momentum update of g.", s => s.Momentum, (s, v) => s with { Momentum = v });
        Add("--pull-margin", "delta_v: distance from the mean at which pull ends.", s => s.PullMargin, (s, v) => s with { PullMargin = v });
        Add("--push-margin", "delta_d: half the distance of two means at which push ends.", s => s.PushMargin, (s, v) => s with { PushMargin = v });
        Add("--pull-weight", "alpha: weight of L_pull.", s => s.PullWeight, (s, v) => s with { PullWeight = v });
        Add("--push-weight", "beta: weight of L_push.", s => s.PushWeight, (s, v) => s with { PushWeight = v });
        Add("--regulariser-weight", "gamma: weight of L_reg.", s => s.RegulariserWeight, (s, v) => s with { RegulariserWeight = v });
        Add("--instance-weight", "lambda: weight of L_obj.", s => s.InstanceWeight, (s, v) => s with { InstanceWeight = v });
        Add("--instance-loss", "L_obj: dice, bce, affinity, or none (the discriminative loss).", s => s.InstanceLoss, (s, v) => s with { InstanceLoss = v });
        Add("--kernel-threshold", "t: value of the soft mask at distance delta_v; 0.9 is the paper's best, above 0.95 is unstable.",
            s => s.KernelThreshold, (s, v) => s with { KernelThreshold = v });
        Add("--unlabelled-push-weight", "Weight of L_Upush (sparse supervision).", s => s.UnlabelledPushWeight, (s, v) => s with { UnlabelledPushWeight = v });
        Add("--consistency-weight", "Weight of L_Ucon. Default 1 with sparse supervision, 0 with full.",
            s => s.ConsistencyWeight, (s, v) => s with { ConsistencyWeight = v });
        Add("--foreground-weight", "Weight of BCE + Dice on the foreground channel.", s => s.ForegroundWeight, (s, v) => s with { ForegroundWeight = v });
        Add("--foreground-balance", "Largest weight in it of pixels in and around small objects; 1: every pixel counts the same.",
            s => s.ForegroundBalance, (s, v) => s with { ForegroundBalance = v });
        Add("--validate-every", "Steps between validations. Default a tenth of the iterations.", s => s.ValidateEvery, (s, v) => s with { ValidateEvery = v });
        Add("--seed", "Seed of parameters, patches, augmentation and anchors.", s => s.Seed, (s, v) => s with { Seed = v });
        Add("--raw-name", "The image's dataset within HDF5 files.", s => s.RawName, (s, v) => s with { RawName = v });
        Add("--label-name", "The labels' dataset within HDF5 files.", s => s.LabelName, (s, v) => s with { LabelName = v });
    }

    private interface ISetting
    {
        Option Option { get; }

        TrainSettings Apply(TrainSettings settings, ParseResult result);

        string? Text(TrainSettings settings);
    }

    public void AddTo(Command command)
    {
        foreach (var setting in _settings)
            command.Options.Add(setting.Option);
    }

    /// <summary>The defaults with the given options applied.</summary>
    public TrainSettings Read(ParseResult result) => _settings.Aggregate(new TrainSettings(), (settings, setting) => setting.Apply(settings, result));

    /// <summary>Refuses options that say something else than the settings a training was started with.</summary>
    /// <exception cref="InputException">One does.</exception>
    public void RequireSame(TrainSettings stored, ParseResult result)
    {
        foreach (var setting in _settings)
        {
            var wanted = setting.Apply(stored, result);
            if (setting.Text(wanted) != setting.Text(stored))
                throw new InputException($"{setting.Option.Name}: the training to be resumed was started with {setting.Text(stored) ?? "the default"}; leave the option out.");
        }
    }

    private void Add<T>(string name, string description, Func<TrainSettings, T> get, Func<TrainSettings, T, TrainSettings> set)
    {
        var option = new Option<T>(name) { Description = description };
        var initial = get(new TrainSettings());
        if (initial is not (null or false or ""))
            option.Description += string.Create(CultureInfo.InvariantCulture, $" [default: {(initial is Enum ? initial.ToString()!.ToLowerInvariant() : initial)}]");
        _settings.Add(new Setting<T>(option, get, set));
    }

    private void AddList(string name, string description, Func<TrainSettings, int[]?> get, Func<TrainSettings, int[]?, TrainSettings> set)
    {
        var option = new Option<int[]?>(name) { Description = description, HelpName = "n,n,...", CustomParser = ParseList };
        if (get(new TrainSettings()) is { } initial)
            option.Description += $" [default: {string.Join(",", initial)}]";
        _settings.Add(new Setting<int[]?>(option, get, set));
    }

    private static int[]? ParseList(ArgumentResult result)
    {
        var parts = result.Tokens.SelectMany(t => t.Value.Split(',')).ToArray();
        var numbers = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                result.AddError($"'{parts[i]}' is not a whole number; expected numbers separated by commas, such as 128,128.");
        }

        return numbers;
    }

    private sealed class Setting<T>(Option<T> option, Func<TrainSettings, T> get, Func<TrainSettings, T, TrainSettings> set) : ISetting
    {
        public Option Option => option;

        public TrainSettings Apply(TrainSettings settings, ParseResult result) =>
            result.GetResult(option) is { Implicit: false } ? set(settings, result.GetValue(option)!) : settings;

        public string? Text(TrainSettings settings) => get(settings) switch
        {
            null => null,
            int[] list => string.Join(",", list),
            var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };
    }
}
