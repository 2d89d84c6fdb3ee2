using System.CommandLine;
using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco predict</c></summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var model = ModelOptions.Model();
        var input = ModelOptions.Input();
        var output = new Option<string>("--out") { Description = "Folder for the results; made when it is not there.", Required = true, HelpName = "folder" };
        var common = new CommonOptions();
        var command = new Command("predict",
            "Compute the embeddings of images: NAME.h5 with the datasets embeddings_f and embeddings_g ([C, (Z,) Y, X], float32) and, for a model that has one, "
            + "foreground (probability); NAME_pca.png shows the embeddings of f as colours. A model that "
            + "was trained on whole images resized (--scale-of image) sees them so, and its embeddings have that size.")
        {
            model, input, output, common.RawName, common.Overwrite,
        }.WithExamples(
            "spoco predict --model model --input image.png --out embeddings",
            "spoco segment --model model --embeddings embeddings/image.h5 --out result");
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var files = InputSelection.Files(result.GetValue(input)!);
            var checkpoint = InputSelection.Model(result.GetValue(model)!);
            OutputPlan.Check([.. files, .. result.GetValue(input)!, checkpoint],
                PlannedResults.OfPrediction(files, result.GetValue(output)!), result.GetValue(common.Overwrite));
            using var device = common.OpenDevice(result);
            using var net = Checkpoint.Load(checkpoint, device);
            var trained = TrainingRun.SettingsOf(checkpoint);
            ProgressDisplay.Run("predicting", 0, files.Count, display =>
            {
                for (var i = 0; i < files.Count; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var (_, image) = ModelOptions.ReadImage(files[i], ModelOptions.RawName(result, common, trained), net.Options.Network.InputChannels, trained);
                    var prediction = ModelOptions.Predict(net, image, files[i], x => net.Predict(x, withMomentum: true, cancellation: cancellation));
                    var stem = InputSelection.Stem(result.GetValue(output)!, files[i], int.MaxValue);
                    OutputPlan.MakeFolder(stem);
                    EmbeddingFile.Write($"{stem}.h5", prediction);
                    EmbeddingPicture.Draw(prediction.Embeddings).WritePng($"{stem}{ByProduct.Colours}.png");
                    display.Report(i + 1, () => InputSelection.Name(files[i]));
                }

                return files.Count;
            });
            Terminal.Result($"{files.Count} images: {result.GetValue(output)}");
            return Task.FromResult(Program.Success);
        });
        return command;
    }
}
