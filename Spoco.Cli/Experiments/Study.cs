using System.Globalization;
using Spoco.Cli.Training;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli.Experiments;

/// <summary>Objects that are labelled when a first model has been trained.</summary>
internal enum AddedObjects
{
    None,

    /// <summary>Those that a budget of twice the size has beside them.</summary>
    Random,

    /// <summary>Those that lie where the first model suggests it, see <see cref="SimulatedAnnotator"/>.</summary>
    Suggested,
}

/// <summary>One setting of a study, trained with every seed: a row of its table.</summary>
/// <param name="Label">What the table calls it, as the paper does.</param>
/// <param name="Series">Rows of one series stand together in the plot.</param>
/// <param name="X">Where the row lies on the axis of a study of values.</param>
/// <param name="Apply">Changes the common settings into those of the row.</param>
/// <param name="Added">How as many objects as the budget has are added to those of the budget.</param>
internal sealed record StudyRow(string Label, string Series, double? X, Func<TrainSettings, TrainSettings> Apply, AddedObjects Added = AddedObjects.None)
{
    /// <summary>The label as part of a file name.</summary>
    public string Name => string.Join('-', Label.Replace("w/o", "without", StringComparison.Ordinal)
        .Split([' ', '@', '+', '/', '='], StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant();
}

/// <summary>A study of the paper's appendix, or one of ours.</summary>
/// <param name="Name">The subcommand.</param>
/// <param name="Source">Table or figure of the paper, or the page that tells of it.</param>
/// <param name="Summary">What it compares.</param>
/// <param name="Heading">First column of the table.</param>
/// <param name="Ratios">Ratios of known objects; empty where the study has none.</param>
/// <param name="Values">Values that it compares; empty where it has none.</param>
/// <param name="Rows">The rows for ratios, values and the common settings.</param>
internal sealed record Study(
    string Name, string Source, string Summary, string Heading, double[] Ratios, double[] Values,
    Func<double[], double[], TrainSettings, IEnumerable<StudyRow>> Rows)
{
    private const int PaperBudget = 16;
    private const int FirstBudget = 10;

    /// <summary>Whether the rows lie on an axis of values and are drawn as curves.</summary>
    public bool IsCurve => Values.Length > 0;

    /// <summary>Whether training starts from another model.</summary>
    public bool NeedsModel { get; init; }

    /// <summary>All studies.</summary>
    public static IReadOnlyList<Study> All { get; } =
    [
        new("ablation", "Table 5", "sparse supervision with all terms, without L_Upush, without L_Ucon, and full supervision; with --from, Table 8",
            "Loss function", [0.1, 0.4, 0.8], [], (ratios, _, _) => ratios.SelectMany(Terms)
                .Append(new StudyRow("full supervision", "full", null, s => s with { Labels = s.Labels with { Supervision = Supervision.Full } }))),
        new("loss", "Table 6", "full supervision by the discriminative loss (DL), with L_obj, with L_Ucon, with both",
            "Loss function", [], [], (_, _, common) => new (string Label, double Instance, double Consistency)[]
            {
                ("DL", 0, 0), ("DL + L_obj", common.Loss.InstanceWeight, 0), ("DL + L_Ucon", 0, 1), ("DL + L_obj + L_Ucon", common.Loss.InstanceWeight, 1),
            }.Select(v => new StudyRow(v.Label, "", null, s => s with
            {
                Labels = s.Labels with { Supervision = Supervision.Full },
                Loss = s.Loss with { InstanceWeight = v.Instance, ConsistencyWeight = v.Consistency },
            }))),
        new("g-network", "Table 7", "g shared with f, with dropout, trained, and as a slow copy",
            "g-network", [0.1], [], (ratios, _, _) => ratios.SelectMany(r =>
                new[] { GNetwork.Shared, GNetwork.Dropout, GNetwork.Trained, GNetwork.Momentum }.Select(g => OfG(r, g, Of(ratios, r, $"{g}"))))),
        new("order", "Tables 5 and 7", "sparse supervision with all terms and a slow copy as g, without L_Upush, without L_Ucon; and with another g (shared, with dropout, trained) at the first ratio",
            "Variant", [0.1, 0.4, 0.8], [], (ratios, _, _) => ratios.SelectMany(Terms).Concat(
                new[] { GNetwork.Shared, GNetwork.Dropout, GNetwork.Trained }.Select(g => OfG(ratios[0], g, $"@{Text(ratios[0])} g {$"{g}".ToLowerInvariant()}")))),
        new("transfer", "Table 8", "fine-tuning the model of --from, with and without L_Ucon, and training from nothing",
            "Method", [0.01, 0.05, 0.1], [], (ratios, _, _) => ratios.SelectMany(r => new[]
            {
                Row($"@{Text(r)}", r, s => s),
                Row($"@{Text(r)} w/o L_Ucon", r, s => s with { Loss = s.Loss with { ConsistencyWeight = 0 } }),
                Row($"@{Text(r)} from nothing", r, s => s with { Network = s.Network with { From = null } }),
            })) { NeedsModel = true },
        new("budget", "Table 11", "N labelled objects (--budget, 16): all in one image with full supervision, or one in each of N images",
            "Setup", [], [], (_, _, common) =>
            [
                new StudyRow("dense", "", null, s => Budget(s, common, BudgetKind.Dense, Supervision.Full)),
                new StudyRow("sparse", "", null, s => Budget(s, common, BudgetKind.Sparse, Supervision.Sparse)),
            ]),
        new("suggest", "docs/suggest.md", "N labelled objects (--budget, 10), N more at random, and N more where spoco suggest says", "Labelled", [], [], (_, _, common) =>
        {
            var n = common.Labels.Budget ?? FirstBudget;
            TrainSettings Apply(TrainSettings s) => s with { Labels = s.Labels with { Supervision = Supervision.Sparse, Budget = n, BudgetKind = BudgetKind.Sparse } };
            return
            [
                new StudyRow($"{n} at random", "first", null, Apply),
                new StudyRow($"{n} + {n} at random", "random", null, Apply, AddedObjects.Random),
                new StudyRow($"{n} + {n} suggested", "suggested", null, Apply, AddedObjects.Suggested),
            ];
        }),
        new("precision", "docs/precision.md", "factors of convolutions in single precision, rounded to TF32, and to BF16 (on devices with matrix units)", "Precision", [], [], (_, _, _) =>
            new[] { Precision.F32, Precision.TF32, Precision.BF16 }.Select(p => new StudyRow(PrecisionWords.Of(p), "", null, s => s with { Optimiser = s.Optimiser with { Precision = p } }))),
        new("momentum", "Table 12", "momenta m of g", "Momentum m", [0.1], [0.9, 0.99, 0.995, 0.999], (ratios, values, _) => ratios.SelectMany(r =>
            values.Select(m => Row(Of(ratios, r, $"m={Text(m)}"), r, s => s with { Optimiser = s.Optimiser with { Momentum = m } }) with { X = m }))),
        new("kernel-threshold", "Figure 4", "kernel thresholds t of the soft masks at several ratios", "Kernel threshold t",
            [0.1, 0.4, 0.8], [0.25, 0.5, 0.75, 0.9], (ratios, values, _) => ratios.SelectMany(r =>
                values.Select(t => Row($"@{Text(r)} t={Text(t)}", r, s => s with { Loss = s.Loss with { KernelThreshold = t } }) with { X = t }))),
    ];

    /// <summary>The rows of Table 5 for a ratio.</summary>
    private static StudyRow[] Terms(double ratio) =>
    [
        Row($"@{Text(ratio)}", ratio, s => s),
        Row($"@{Text(ratio)} w/o L_Upush", ratio, s => s with { Loss = s.Loss with { UnlabelledPushWeight = 0 } }),
        Row($"@{Text(ratio)} w/o L_Ucon", ratio, s => s with { Loss = s.Loss with { ConsistencyWeight = 0 } }),
    ];

    /// <summary>A row of Table 7.</summary>
    private static StudyRow OfG(double ratio, GNetwork g, string label) => Row(label, ratio, s => s with { Optimiser = s.Optimiser with { GNetwork = g } });

    private static StudyRow Row(string label, double ratio, Func<TrainSettings, TrainSettings> change) =>
        new(label, $"@{Text(ratio)}", null, s => change(s with
        {
            Labels = s.Labels with { Supervision = Supervision.Sparse, InstanceRatio = ratio },
            Network = s.Network with { NoForeground = true },
        }));

    private static TrainSettings Budget(TrainSettings settings, TrainSettings common, BudgetKind kind, Supervision supervision) =>
        settings with
        {
            Labels = settings.Labels with { Budget = common.Labels.Budget ?? PaperBudget, BudgetKind = kind, Supervision = supervision },
            Network = settings.Network with { NoForeground = settings.Network.NoForeground || supervision == Supervision.Sparse },
        };

    /// <summary>The ratio is part of a label where there are several.</summary>
    private static string Of(double[] ratios, double ratio, string label) => ratios.Length > 1 ? $"@{Text(ratio)} {label}" : label;

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
