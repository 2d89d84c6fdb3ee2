using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Segmentation;

/// <summary>Which pixels of images belong to objects: what <c>--foreground</c>, <c>--threshold</c> and <c>--class</c> say, or their defaults.</summary>
/// <param name="Source">See <see cref="ForegroundChoice"/>.</param>
/// <param name="Threshold">Probability of the learned foreground from which a pixel belongs to an object.</param>
/// <param name="Only">Of a mask, the class that is the foreground; null = every pixel above 0.</param>
internal sealed record ForegroundRequest(string Source, double Threshold, CityscapesClass? Only)
{
    /// <summary>Takes what was asked for, and the model's choices for what was not.</summary>
    /// <param name="source">What <c>--foreground</c> says, or null.</param>
    /// <param name="threshold">What <c>--threshold</c> says, or null.</param>
    /// <param name="only">The class, or null.</param>
    /// <param name="model">The model.</param>
    /// <param name="checkpoint">Its file.</param>
    /// <exception cref="InputException">The model has learned no foreground.</exception>
    public static ForegroundRequest Of(string? source, double? threshold, CityscapesClass? only, SpocoModelOptions model, string checkpoint)
    {
        var request = new ForegroundRequest(source ?? ForegroundChoice.Default(model), threshold ?? model.ForegroundThreshold, only);
        return !request.IsLearned || model.Foreground ? request
            : throw new InputException($"--foreground: {checkpoint} has learned no foreground (it was trained with --no-foreground, --self-supervised or --ignore-label).");
    }

    /// <summary>Whether it is the model's own.</summary>
    public bool IsLearned => Source == ForegroundChoice.Learned;

    /// <summary>What segments an image by any options, within a foreground that is found now, once.</summary>
    /// <param name="file">The image's path or name.</param>
    /// <param name="stored">The image as stored.</param>
    /// <param name="seen">The image as the network sees it.</param>
    /// <param name="prediction">What the model says of it; segmented from until it is disposed.</param>
    /// <param name="watershed">What finds the largest cluster, where that is the background.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="InputException">There is no such mask, or it does not fit, or the prediction has no foreground.</exception>
    public Func<InstanceSegmentationOptions, Volume<int>> Segmenter(
        string file, Volume<float>? stored, Volume<float>? seen, Prediction prediction, MutexWatershedOptions watershed, ComputeDevice device, CancellationToken cancellation)
    {
        if (IsLearned && prediction.Foreground is null)
            throw new InputException($"{file}: holds no foreground; predict again with a model that has learned one.");
        if (IsLearned)
            return options => InstanceSegmentation.SegmentLearned(prediction, Threshold, options, device, cancellation);
        var mask = ForegroundChoice.Of(Source, file, Only, stored, seen, prediction, watershed, device, cancellation);
        return options => InstanceSegmentation.Segment(prediction, mask, options, device, cancellation);
    }
}
