using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli.Experiments;

/// <summary>One training of a study.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Settings">The settings of the row with the run's seed.</param>
internal sealed record PlannedRun(StudyRow Row, TrainSettings Settings)
{
    public string Folder => FolderOf(Row.Name, Settings.Seed);

    public static string FolderOf(string row, long seed) => string.Create(CultureInfo.InvariantCulture, $"{row}-seed{seed}");
}

/// <summary>
/// Trains and scores the runs of a study one after the other. The output folder holds <c>runs/ROW-seedN/</c> (as spoco train leaves it),
/// <c>results.csv</c> (a row per run), <c>table.md</c>, <c>table.csv</c>, <c>plot.svg</c> and <c>losses.csv</c>, all written anew after every run. A run that is in
/// results.csv is not repeated, one that was interrupted goes on where it was, and one that was scored in another way is only scored again.
/// </summary>
internal sealed class StudyRun(
    Study study, TrainSettings common, IReadOnlyList<StudyRow> rows, int seeds, string folder, StudyScoring scoring, ComputeDevice device)
{
    private readonly StudyResults _results = new(Path.Combine(folder, "results.csv"));
    private readonly StudyLosses _losses = new(Path.Combine(folder, "runs"), common.Optimiser.Iterations);
    private readonly string _scoring = scoring.Key;

    /// <summary>Runs the study.</summary>
    /// <param name="options">Names the settings where a run that is there was made with others.</param>
    /// <param name="memory">Bytes that images may take; null = a quarter of what there is.</param>
    /// <param name="loaderThreads">Threads that prepare patches.</param>
    /// <param name="cancellation">Stops within a run, which then can be continued.</param>
    /// <exception cref="InputException">Data or settings are wrong, or the folder holds runs with other settings.</exception>
    public IReadOnlyList<FinishedRow> Run(TrainSettingOptions options, long? memory, int loaderThreads, CancellationToken cancellation)
    {
        var runs = Plan();
        foreach (var run in runs)
        {
            run.Settings.Validate();
            scoring.RequireForeground(run.Settings);
            scoring.RequireClustering(run.Settings);
        }

        RequireSameSettings(runs, options);
        var finished = runs.Count(IsFinished);
        return ProgressDisplay.Run(study.Name, finished * (long)common.Optimiser.Iterations, runs.Count * (long)common.Optimiser.Iterations, display =>
        {
            Directory.CreateDirectory(folder);
            using var held = FolderLock.Hold(folder);
            var table = Write();
            foreach (var run in runs.Where(run => !IsFinished(run)))
            {
                var share = new ProgressShare(display, finished * (long)common.Optimiser.Iterations,
                    string.Create(CultureInfo.InvariantCulture, $"{run.Row.Label}, seed {run.Settings.Seed} (run {finished + 1} of {runs.Count})  "));
                var result = Train(run, share, memory, loaderThreads, cancellation);
                _results.Add(result);
                finished++;
                display.Note(string.Create(CultureInfo.InvariantCulture, $"{run.Row.Label}, seed {run.Settings.Seed}: ")
                    + string.Join("  ", RunResult.Scores.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Of(result):0.000}"))));
                table = Write();
            }

            return table;
        });
    }

    private bool IsFinished(PlannedRun run) => _results.Find(run.Row.Name, run.Settings.Seed, _scoring) is not null;

    /// <summary>Seeds first, so that a study that is stopped early has compared all rows.</summary>
    private List<PlannedRun> Plan() => [.. Enumerable.Range(0, seeds).SelectMany(i => rows.Select(row =>
    {
        var settings = row.Apply(common);
        return new PlannedRun(row, settings with { Seed = common.Seed + i, Source = settings.Source with { HeldOutSeed = common.Source.HeldOutSeed ?? common.Seed } });
    }))];

    private RunResult Train(PlannedRun run, ProgressShare share, long? memory, int loaderThreads, CancellationToken cancellation)
    {
        var output = Path.Combine(folder, "runs", run.Folder);
        if (WithAddedObjects(run, share, memory, cancellation) is not { } settings)
            return RunResult.OfDiverged(run.Row.Name, run.Settings.Seed, _scoring);
        using var data = TrainingData.Load(settings, memory, cancellation, validationImages: int.MaxValue);
        var resumes = Resumes(output);
        // A training that was killed between its first model and its first checkpoint starts anew.
        if (!resumes && ResultMark.BeginsWith(Path.Combine(output, "log.csv"), TrainingLog.Header))
            File.Delete(Path.Combine(output, "best.safetensors"));
        try
        {
            TrainingRun.Run(settings, output, data, device, resumes, cancellation, loaderThreads, share);
        }
        catch (TrainingDivergedException e)
        {
            share.Note(e.Message);
            return RunResult.OfDiverged(run.Row.Name, run.Settings.Seed, _scoring);
        }

        using var model = Checkpoint.Load(Path.Combine(output, "last.safetensors"), device);
        var scores = ValidationScoring.Mean(model, settings, data.Images.Validation, scoring.Of(model, settings), cancellation);
        return RunResult.Of(run.Row.Name, run.Settings.Seed, _scoring, scores);
    }

    /// <summary>The settings of a run; null where the model that is to suggest objects has diverged.</summary>
    private TrainSettings? WithAddedObjects(PlannedRun run, ProgressShare share, long? memory, CancellationToken cancellation)
    {
        var (added, output) = (run.Row.Added, Path.Combine(folder, "runs", run.Folder));
        if (added == AddedObjects.None)
            return run.Settings;
        if (Resumes(output))
            return Adding(run.Settings, StoredSettings.OfFolder(output).Labels.KnownObjects);
        if (added == AddedObjects.Random)
            return Adding(run.Settings, SimulatedAnnotator.AtRandom(run.Settings, memory, cancellation));
        var first = new PlannedRun(rows.First(row => row.Added == AddedObjects.None), run.Settings);
        if (_results.Find(first.Row.Name, run.Settings.Seed, _scoring) is { Diverged: true })
            return null;
        using var model = Checkpoint.Load(Path.Combine(folder, "runs", first.Folder, "last.safetensors"), device);
        var (objects, regions) = SimulatedAnnotator.AsSuggested(model, run.Settings, memory, cancellation);
        share.Note(string.Create(CultureInfo.InvariantCulture,
            $"{run.Row.Label}, seed {run.Settings.Seed}: {regions} regions suggested until {run.Settings.Labels.Budget} showed an object"));
        return Adding(run.Settings, objects);
    }

    private static TrainSettings Adding(TrainSettings settings, string[] objects) => settings with { Labels = settings.Labels with { Budget = null, KnownObjects = objects } };

    private static bool Resumes(string output) => File.Exists(Path.Combine(output, "last.safetensors"));

    private void RequireSameSettings(List<PlannedRun> runs, TrainSettingOptions options)
    {
        foreach (var run in runs)
        {
            var output = Path.Combine(folder, "runs", run.Folder);
            if (!Resumes(output))
                continue;
            var trained = StoredSettings.OfFolder(output);
            var stored = options.Describe(trained).ToDictionary();
            var wanted = options.Describe(run.Row.Added == AddedObjects.None ? run.Settings : Adding(run.Settings, trained.Labels.KnownObjects)).ToDictionary();
            foreach (var name in stored.Keys.Union(wanted.Keys))
            {
                var (was, now) = (stored.GetValueOrDefault(name), wanted.GetValueOrDefault(name));
                if (was != now)
                    throw new InputException(
                        $"{output}: was trained with --{name} {was ?? "not given"}, this study has {now ?? "none"}; choose another --out.");
            }
        }
    }

    private FinishedRow[] Write()
    {
        FinishedRow[] table = [.. rows.Select(row => new FinishedRow(row, [.. Enumerable.Range(0, seeds)
            .Select(i => _results.Find(row.Name, common.Seed + i, _scoring)).OfType<RunResult>()]))];
        Directory.CreateDirectory(folder);
        StudyTable.Write(folder, study, table, string.Create(CultureInfo.InvariantCulture,
            $"Mean ± SD over seeds {common.Seed} to {common.Seed + seeds - 1} (objects, initial weights and patches); {common.Optimiser.Iterations} iterations; ")
            + $"foreground: {scoring.Foreground}{(scoring.Clustering.IsMutexWatershed ? "" : $"; clustering: {scoring.Clustering.AsOptions}")}{(scoring.Fill ? "; filled" : "")}.");
        StudyPlot.Write(Path.Combine(folder, "plot.svg"), study, table);
        _losses.Write(Path.Combine(folder, "losses.csv"), table);
        return table;
    }
}
