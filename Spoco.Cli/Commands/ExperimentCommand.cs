using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spectre.Console;
using Spoco.Cli.Experiments;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco experiment</c></summary>
internal static class ExperimentCommand
{
    public static Command Create()
    {
        var command = new Command("experiment",
            "Repeat a study of the paper's appendix, or one of ours (suggest, precision), on your own data: train every setting with several seeds, score the validation images, and write the "
            + "study's table (mean and standard deviation) as Markdown and CSV, a plot, and the losses. The same command goes on where an interrupted study was.")
            .WithExamples(
                "spoco experiment ablation --data cells --out ablation --ratios 0.1,0.4",
                "spoco experiment kernel-threshold --recipe cvppp --data CVPPP2017/training --out threshold --device cuda:0",
                "spoco experiment transfer --from vnc --data MitoEM-R --out transfer --ratios 0.01,0.05,0.1");
        foreach (var study in Study.All)
            command.Subcommands.Add(Create(study));
        return command;
    }

    private static Command Create(Study study)
    {
        var output = new Option<string>("--out")
        {
            Description = "Folder for runs/, results.csv (a row per run), table.md, table.csv, plot.svg and losses.csv.", Required = true, HelpName = "folder",
        };
        var seeds = new Option<int>("--seeds")
        {
            Description = "Runs of every setting, with the seeds from --seed on.", DefaultValueFactory = _ => 3, HelpName = "count",
        };
        var ratios = Numbers("--ratios", "Fractions of the training objects that are known.", study.Ratios);
        var values = Numbers("--values", $"Values to compare: {study.Heading}.", study.Values);
        var foreground = new Option<string>("--foreground")
        {
            Description = "Which pixels are segmented: truth (those of the true objects, the same for every setting: what is scored is how well objects are "
                + "told apart), or as in spoco segment learned, embedding, otsu, none, or a mask.",
            HelpName = "truth|learned|embedding|otsu|none|path", DefaultValueFactory = _ => ForegroundChoice.Truth,
        };
        var orientations = new Option<int>("--orientations")
        {
            Description = "Views (1, 2, 4 or 8) of each validation image to average over.", DefaultValueFactory = _ => 1, HelpName = "count",
        };
        var clustering = new ClusteringOptions();
        var recipe = new Option<string?>("--recipe")
        {
            Description = "Start from the settings of a training of the paper, see spoco recipes.", HelpName = "name",
        };
        var config = new Option<string?>("--config") { Description = "A JSON file of settings, see spoco train.", HelpName = "file" };
        var settings = new TrainSettingOptions();
        var common = new CommonOptions();
        var command = new Command(study.Name, $"{study.Source}: {study.Summary}.") { output, seeds };
        if (study.Ratios.Length > 0)
            command.Options.Add(ratios);
        if (study.Values.Length > 0)
            command.Options.Add(values);
        foreach (var option in new Option[] { foreground, orientations, clustering.Clustering, clustering.Fill, recipe, config })
            command.Options.Add(option);
        clustering.AddTo(command);
        settings.AddTo(command);
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var chosen = TrainCommand.Choose(settings, result, result.GetValue(recipe), result.GetValue(config));
            if (study.NeedsModel && chosen.Network.From is null)
                throw new InputException($"--from: {study.Name} continues a model trained on other images; say which.");
            if (result.GetValue(seeds) is < 1 or > 1000)
                throw new InputException($"--seeds: expected 1 to 1000, got {result.GetValue(seeds)}.");
            var divided = clustering.Of(result);
            divided.Require(divided.Name);
            divided.RequireViews(result.GetValue(orientations), result.GetValue(foreground)!);

            // Only a schedule that follows the validation needs more than the last one: every other model is scored as it is in the end.
            if (chosen.Validation.Every is null && chosen.Optimiser.Schedule != ScheduleKind.ReduceOnPlateau)
                chosen = chosen with { Validation = chosen.Validation with { Every = chosen.Optimiser.Iterations } };
            var rows = study.Rows(result.GetValue(ratios)!, result.GetValue(values)!, chosen).ToList();
            if (rows.Select(row => row.Name).Distinct().Count() < rows.Count)
                throw new InputException("--ratios, --values: the same setting is there twice.");
            var applied = rows.ConvertAll(row => row.Apply(chosen));
            foreach (var row in applied)
                settings.RequireSame(row with { Network = row.Network with { From = chosen.Network.From } }, result, "the study sets it to");
            string?[] inputs = [chosen.Source.Data, chosen.Source.Validation, chosen.Network.From, result.GetValue(config), result.GetValue(foreground)];
            OutputPlan.Check(
                inputs.OfType<string>().Where(path => path.Length > 0), StudyTable.Files(result.GetValue(output)!), overwrite: null);
            using var device = common.OpenDevice(result);
            foreach (var precision in applied.Select(row => row.Optimiser.PrecisionOn(device)).Distinct())
                PrecisionWords.Say(device, precision);
            var run = new StudyRun(study, chosen, rows, result.GetValue(seeds), result.GetValue(output)!,
                new StudyScoring(result.GetValue(foreground)!, result.GetValue(orientations), divided, result.GetValue(clustering.Fill)), device);
            Print(study, run.Run(settings, memory: null, loaderThreads: 1 + Environment.ProcessorCount / 4, cancellation));
            Terminal.Result($"table and plot: {result.GetValue(output)}");
            return Task.FromResult(Program.Success);
        });
        return command;
    }

    private static void Print(Study study, IReadOnlyList<FinishedRow> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn(Markup.Escape(study.Heading));
        foreach (var (name, _) in RunResult.Scores)
            table.AddColumn(new TableColumn(Markup.Escape(name)).RightAligned());
        foreach (var row in rows)
            table.AddRow([Markup.Escape(row.Row.Label), .. RunResult.Scores.Select(s => StudyTable.Text(row.Score(s.Of)))]);
        TableOutput.Write(table);
    }

    private static Option<double[]> Numbers(string name, string description, double[] initial) => new(name)
    {
        Description = $"{description} [default: {string.Join(',', initial.Select(v => v.ToString(CultureInfo.InvariantCulture)))}]",
        HelpName = "n,n,...",
        DefaultValueFactory = _ => initial,
        CustomParser = Parse,
    };

    private static double[] Parse(ArgumentResult result)
    {
        var parts = result.Tokens.SelectMany(t => t.Value.Split(',')).ToArray();
        var numbers = new double[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], CultureInfo.InvariantCulture, out numbers[i]))
                result.AddError($"'{parts[i]}' is not a number; expected numbers separated by commas, such as 0.1,0.4.");
        }

        return numbers;
    }
}
