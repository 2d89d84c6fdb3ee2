using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Segmentation;

/// <summary>What <c>--foreground</c> may say: which pixels belong to objects.</summary>
internal static class ForegroundChoice
{
    public const string Learned = "learned";
    public const string Otsu = "otsu";
    public const string Embedding = "embedding";
    public const string None = "none";

    /// <summary>The pixels of the true objects, where these are known: what is scored is how well they are told apart.</summary>
    public const string Truth = "truth";

    /// <summary>Where objects are looked for when nothing is said.</summary>
    public static string Default(SpocoModelOptions model) => model.Foreground ? Learned : None;

    /// <summary>Whether it is the path of a mask, or of a folder of masks.</summary>
    public static bool IsMask(string source) => source is not (None or Learned or Embedding or Otsu);

    /// <summary>Which foreground is taken, and why.</summary>
    public static string InWords(string source, bool asked, SpocoModelOptions model, double threshold)
    {
        var why = asked ? "as --foreground says" : model.Foreground ? "as the model has learned one" : "as the model has learned none; --foreground has others";
        return source switch
        {
            Learned => string.Create(CultureInfo.InvariantCulture,
                $"foreground: learned, from a probability of {threshold} on{(threshold == model.ForegroundThreshold ? ", which is the model's" : "")} ({why})"),
            Embedding => $"foreground: what is not in the largest cluster ({why})",
            Otsu => $"foreground: Otsu's threshold on the image ({why})",
            None => $"foreground: none, every pixel is segmented ({why})",
            _ => $"foreground: the mask {source} ({why})",
        };
    }

    /// <summary>The foreground of any kind but the learned one; null = every pixel.</summary>
    /// <param name="source">What <c>--foreground</c> says.</param>
    /// <param name="file">The image's path or name.</param>
    /// <param name="only">Of a mask, the class that is the foreground; null = every pixel above 0.</param>
    /// <param name="stored">The image as stored.</param>
    /// <param name="seen">The image as the network sees it.</param>
    /// <param name="prediction">What the model says of it.</param>
    /// <param name="watershed">What finds the largest cluster, where that is the background.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="InputException">There is no such mask, or it does not fit.</exception>
    public static Volume<byte>? Of(
        string source, string file, CityscapesClass? only, Volume<float>? stored, Volume<float>? seen, Prediction prediction,
        MutexWatershedOptions watershed, ComputeDevice device, CancellationToken cancellation) =>
        source switch
        {
            None => null,
            Embedding => InstanceSegmentation.ForegroundOfLargestCluster(prediction, watershed, device, cancellation),
            Otsu => OtsuMask.Of(seen!),
            _ => ReadMask(source, file, only, stored, prediction.Embeddings),
        };

    /// <summary>Reads a mask in the size of what is segmented.</summary>
    /// <param name="source">A file, or a folder with a mask per image.</param>
    /// <param name="file">The image's path or name.</param>
    /// <param name="only">The class; null = every pixel above 0.</param>
    /// <param name="stored">The image as stored; null = it is as it is segmented.</param>
    /// <param name="segmented">What is segmented.</param>
    /// <exception cref="InputException">There is no such mask, or it does not fit.</exception>
    public static Volume<byte> ReadMask(string source, string file, CityscapesClass? only, Volume<float>? stored, Volume<float> segmented)
    {
        if (!File.Exists(source) && !Directory.Exists(source))
            throw new InputException($"--foreground: expected learned, embedding, otsu, none, or a mask; there is no file {source}.");
        var mask = SemanticMask.Read(source, InputSelection.Name(file), only);
        if (mask.HasExtentsOf(segmented))
            return mask;
        // The network may have seen the image resized; the mask then is of the image as it is.
        if (stored is null || !mask.HasExtentsOf(stored))
        {
            var image = stored ?? segmented;
            throw new InputException($"{source}: the mask is {mask}, but {file} is {image.Depth}x{image.Height}x{image.Width}.");
        }

        var resized = Resizing.Labels(new Volume<int>(Array.ConvertAll(mask.Data, m => (int)m), mask.Depth, mask.Height, mask.Width),
            new PatchExtents(segmented.Depth, segmented.Height, segmented.Width));
        return new Volume<byte>(Array.ConvertAll(resized.Data, m => (byte)m), resized.Depth, resized.Height, resized.Width);
    }
}
