using System.CommandLine;
using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco predict</c></summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var model = ModelOptions.Model();
        var input = ModelOptions.Input();
        var output = new Option<string>("--out") { Description = "Folder for the results; made when it is not there.", Required = true, HelpName = "folder" };
        var memory = new Option<string?>("--memory")
        {
            Description = "Predict images of any size, part by part, with this much memory (like 2GiB); the embeddings are those of the whole image, bit for bit with batch norm on the cpu, else but for rounding. "
                + "An image that needs no more is predicted at once. Of larger ones no picture is drawn. Default: half of what the machine has.",
            HelpName = "bytes",
        };
        var momentum = new Option<bool>("--with-g") { Description = "Run g, the slow copy of f, too, and write its embeddings as the dataset embeddings_g." };
        var precision = ModelOptions.Precision();
        var common = new CommonOptions();
        var command = new Command("predict",
            "Compute the embeddings of images: NAME.h5 with the dataset embeddings_f ([C, (Z,) Y, X], float32) and, for a model that has one, "
            + "foreground (probability); NAME_pca.png shows the embeddings of f as colours. A model that "
            + "was trained on whole images resized (--scale-of image) sees them so, and its embeddings have that size.")
        {
            model, input, output, memory, momentum, precision, common.RawName, common.Overwrite,
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
            PrecisionWords.Apply(net, result.GetValue(precision)!);
            var trained = StoredSettings.Of(checkpoint);
            var rawName = ModelOptions.RawName(result, common, trained);
            var limit = result.GetValue(memory) is { } bytes ? MemoryLimit.Parse(bytes) : MemoryLimit.Default;
            ProgressDisplay.Run("predicting", 0, files.Count, display =>
            {
                for (var i = 0; i < files.Count; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var stem = InputSelection.Stem(result.GetValue(output)!, files[i], int.MaxValue);
                    OutputPlan.MakeFolder(stem);
                    var header = ImageHeader.Read(files[i], rawName);
                    if (trained?.Resized is null && AtOnce(net, header) > limit)
                    {
                        PredictParts(net, files[i], header, $"{stem}.h5", rawName, result.GetValue(momentum), limit, display, i, cancellation);
                        continue;
                    }

                    var (_, image) = ModelImages.Read(files[i], rawName, net.Options.Network.InputChannels, trained?.Resized);
                    var prediction = ModelImages.Apply(net, image, files[i], x => net.Predict(x, withMomentum: result.GetValue(momentum), cancellation: cancellation));
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

    // What the file and the picture take on the way, per voxel.
    private const long WritingBytes = 128;

    /// <summary>About how many bytes the prediction of an image at once takes: the program, the image as stored and normalised, the results, and the networks' tensors.</summary>
    private static long AtOnce(SpocoModel net, ImageHeader header)
    {
        if (header.Voxels > int.MaxValue)
            return long.MaxValue;
        var least = net.Options.Network.MinimumSize;
        // What is too small for the network is said when it is predicted.
        return MemoryLimit.Program + header.Voxels * (8L * header.Channels + 8L * net.Options.EmbeddingDimensions + 4 + WritingBytes) + net.PredictionBytes(
            Math.Max((int)header.Depth, least.D), Math.Max(header.Height, least.H), Math.Max(header.Width, least.W));
    }

    private static void PredictParts(
        SpocoModel net, string file, ImageHeader header, string path, string rawName, bool withMomentum, long limit, ProgressDisplay display, int index, CancellationToken cancellation)
    {
        var (room, left) = MemoryLimit.Beside(file, header, limit);
        try
        {
            using var image = ImageParts.Open(file, header, rawName, room, net.Options.Normalisation, cancellation);
            var voxels = (long)image.Depth * image.Height * image.Width;
            EmbeddingFile.Write(path, net, image, withMomentum, left, image.VoxelSize, done =>
            {
                GC.Collect();
                display.Report(done == voxels ? index + 1 : index, () => $"{InputSelection.Name(file)}: {done} of {voxels} voxels");
            }, cancellation);
        }
        catch (InsufficientMemoryLimitException e)
        {
            throw MemoryLimit.TooLittle(file, limit, MemoryLimit.Enough(EmbeddingFile.Share * e.NeededBytes, bytes => ImageParts.Bytes(file, header, bytes)), e);
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{file}: {e.Message}", e);
        }
    }
}
