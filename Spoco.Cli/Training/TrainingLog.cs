using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Training;

namespace Spoco.Cli.Training;

/// <summary>The table <c>log.csv</c>: a row per step, the validation's figures on the rows where there was one.</summary>
internal sealed class TrainingLog : IDisposable
{
    internal const string Header =
        "iteration,learning_rate,loss,pull,push,regulariser,instance,unlabelled_push,consistency,foreground,"
        + "adversarial,critic_real,critic_fake,critic_penalty,validation_loss,validation_ap50,validation_sbd,"
        + "validation_best_iou,validation_recall50,validation_marked_part,validation_marked_recall";

    private readonly StreamWriter _writer;

    /// <summary>Opens the table; of one that is there, the rows before <paramref name="iteration"/> stay.</summary>
    public TrainingLog(string path, long iteration)
    {
        if (iteration > 0 && File.Exists(path))
        {
            var rows = File.ReadLines(path).Skip(1).TakeWhile(row => long.TryParse(row.Split(',')[0], out var i) && i < iteration).ToList();
            AtomicFile.Write(path, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                writer.WriteLine(Header);
                foreach (var row in rows)
                    writer.WriteLine(row);
            });
            _writer = new StreamWriter(path, append: true);
        }
        else
        {
            _writer = new StreamWriter(path, append: false);
            _writer.WriteLine(Header);
        }
    }

    public void Write(TrainingStep step, ValidationResult? validation)
    {
        var t = step.Terms;
        _writer.Write(string.Create(CultureInfo.InvariantCulture,
            $"{step.Iteration},{step.LearningRate:g6},{step.Loss:g7},{t.Pull:g7},{t.Push:g7},{t.Regulariser:g7},{t.Instance:g7},"));
        _writer.Write(string.Create(CultureInfo.InvariantCulture, $"{t.UnlabelledPush:g7},{t.Consistency:g7},{t.Foreground:g7},"));
        _writer.Write(string.Create(CultureInfo.InvariantCulture,
            $"{step.Adversarial:g7},{step.Critic.Real:g7},{step.Critic.Fake:g7},{step.Critic.Penalty:g7},"));
        _writer.WriteLine(validation switch
        {
            null => ",,,,,,",
            { Labelled: { Partial: false } l } v => string.Create(CultureInfo.InvariantCulture, $"{v.Loss:g7},,,{l.Mean:g5},{l.Recall:g5},,"),
            { Labelled: { } l } v => string.Create(CultureInfo.InvariantCulture, $"{v.Loss:g7},,,,,{l.Mean:g5},{l.Recall:g5}"),
            { } v => string.Create(CultureInfo.InvariantCulture, $"{v.Loss:g7},{v.AveragePrecision50:g5},{v.SymmetricBestDice:g5},,,,"),
        });
        if (validation is not null)
            _writer.Flush();
    }

    public void Dispose() => _writer.Dispose();
}
