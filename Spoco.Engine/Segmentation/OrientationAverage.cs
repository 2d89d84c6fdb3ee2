using Spoco.Engine.Clustering;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Lets a model see an image in several orientations and averages what does not depend on the orientation: affinities and foreground. The embeddings
/// themselves cannot be averaged, because each orientation may lay its clusters elsewhere. An extension of ours; errors of single views cancel.
/// </summary>
public static class OrientationAverage
{
    /// <summary>
    /// Views that are averaged where nothing is said: 8 of an image, 1 of a volume, where each costs too much. 1 also where the clustering reads no affinities and the model has no foreground:
    /// there is nothing to average then.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="clustering">What divides the pixels; null = the Mutex Watershed.</param>
    public static int DefaultOf(SpocoModelOptions model, IClustering? clustering = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Network.Dimensions == 2 && (clustering is not { ReadsAffinities: false } || model.Foreground) ? 8 : 1;
    }

    /// <summary>Predicts every view of an image and averages the affinities and the foreground over them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="orientations">1, 2, 4 or 8; the time grows with it.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <returns>Embeddings of the image as it is, mean affinities and mean foreground; of one view, its embeddings and foreground.</returns>
    /// <exception cref="ArgumentException">The image does not fit the network, the number is another, or an embedding is not finite.</exception>
    public static Prediction Predict(SpocoModel model, Volume<float> image, int orientations, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        if (orientations == 1)
            return model.Predict(image, cancellation: cancellation);
        using var prediction = PredictOnDevice(model, image, orientations, cancellation: cancellation);
        return prediction.ToHost();
    }

    /// <summary>The same, to be segmented where the network ran.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="orientations">1, 2, 4 or 8; the time grows with it.</param>
    /// <param name="withMomentum">Whether g is run too, on the image as it is.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <returns>To be disposed before the model's device.</returns>
    /// <exception cref="ArgumentException">The image does not fit the network, the number is another, or an embedding is not finite.</exception>
    /// <exception cref="DeviceMemoryException">The device has not the memory.</exception>
    public static PredictionOnDevice PredictOnDevice(
        SpocoModel model, Volume<float> image, int orientations, bool withMomentum = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        var views = Orientation.First(orientations);
        return orientations == 1 ? OneView(model, image, withMomentum, cancellation) : MeanOf(views, model, image, withMomentum, cancellation);
    }

    private static PredictionOnDevice OneView(SpocoModel model, Volume<float> image, bool withMomentum, CancellationToken cancellation)
    {
        // The memory of the cpu device is the host's: the embeddings are there already.
        if (model.Device.Capabilities.OnHost)
            return new PredictionOnDevice(model.Predict(image, withMomentum, cancellation: cancellation));
        using var holdings = new Holdings();
        var embeddings = holdings.Allocate<float>(model.Device, (long)image.VoxelCount * model.Options.EmbeddingDimensions, "embeddings");
        return new PredictionOnDevice(
            model.Predict(image, withMomentum, embeddings, null, cancellation) with { EmbeddingsOnDevice = embeddings }, holdings.Share());
    }

    private static PredictionOnDevice MeanOf(
        IReadOnlyList<Orientation> views, SpocoModel model, Volume<float> image, bool withMomentum, CancellationToken cancellation)
    {
        var (options, box) = (model.Options, VoxelBox.Of(image));
        using var holdings = new Holdings();
        var mean = holdings.Add(new MeanAffinities(
            model, options.Segmentation.Watershed.Resolve(image.Depth).Offsets, box, views.Count, channelsLast: false));
        var embeddings = new Volume<float>(image.Depth, image.Height, image.Width, options.EmbeddingDimensions) { VoxelSize = image.VoxelSize };
        using var held = model.EmbeddingNet.Parameters.Hold();
        foreach (var orientation in views)
        {
            using var scope = new TensorScope();
            var outputs = model.Outputs(orientation.Apply(image), cancellation);
            RequireFinite(model, outputs, orientation);
            if (orientation == default)
                model.Take(outputs, embeddings.Data, []);
            mean.Add(orientation, box, outputs.Buffer);
        }

        var foreground = options.Foreground ? new Volume<float>(image.Depth, image.Height, image.Width) { VoxelSize = image.VoxelSize } : null;
        if (foreground is not null)
            mean.Foreground.CopyTo(foreground.Data);
        var momentum = withMomentum ? model.PredictMomentum(image, cancellation) : null;
        return new PredictionOnDevice(new Prediction(embeddings, momentum, foreground) { AffinitiesOnDevice = mean.Weights }, holdings.Share());
    }

    private static void RequireFinite(SpocoModel model, Tensor outputs, Orientation orientation)
    {
        if (!Primitives.Reduction.HasNonFinite(outputs.Buffer))
            return;
        var shape = outputs.Shape;
        var laid = new Volume<float>(shape.D, shape.H, shape.W, model.Options.EmbeddingDimensions);
        model.Take(outputs, laid.Data, []);
        var embeddings = orientation.Undo(laid);
        // Else it is a logit, which may be infinite.
        if (Primitives.FiniteNumbers.IndexOfOther(embeddings.Data) is >= 0 and var bad)
            throw Affinities.NotFinite(embeddings, bad);
    }
}
