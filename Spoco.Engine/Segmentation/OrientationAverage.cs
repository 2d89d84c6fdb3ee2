namespace Spoco.Engine.Segmentation;

/// <summary>
/// Lets a model see an image in several orientations and averages what does not depend on the orientation: affinities and foreground. The embeddings
/// themselves cannot be averaged, because each orientation may lay its clusters elsewhere. An extension of ours; errors of single views cancel.
/// </summary>
public static class OrientationAverage
{
    /// <summary>Views that are averaged where nothing is said: 8 of an image, 1 of a volume, where each costs too much.</summary>
    public static int DefaultOf(SpocoModelOptions model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Network.Dimensions == 2 ? 8 : 1;
    }

    /// <summary>Predicts and averages.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="orientations">1, 2, 4 or 8; the time grows with it.</param>
    /// <param name="cancellation">Checked between orientations.</param>
    /// <returns>Embeddings of the image as it is, mean affinities and mean foreground.</returns>
    /// <exception cref="ArgumentException">The image does not fit the network, or the number is another.</exception>
    public static Prediction Predict(SpocoModel model, Volume<float> image, int orientations, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        var watershed = model.Options.Segmentation.Watershed;
        var offsets = watershed.Resolve(image.Depth).Offsets;
        Prediction? result = null;
        foreach (var orientation in Orientation.First(orientations))
        {
            var view = model.Predict(orientation.Apply(image), cancellation: cancellation);
            if (orientations == 1)
                return view;
            var embeddings = orientation.Undo(view.Embeddings);
            var affinities = Affinities.FromEmbeddings(embeddings, offsets, watershed.PushMargin);
            var foreground = view.Foreground is { } probability ? orientation.Undo(probability) : null;
            result ??= new Prediction(embeddings, null, foreground is null ? null : new Volume<float>(image.Depth, image.Height, image.Width) { VoxelSize = image.VoxelSize })
            {
                Affinities = new float[affinities.Length],
            };
            Accumulate(result.Affinities!, affinities, orientations);
            if (foreground is not null)
                Accumulate(result.Foreground!.Data, foreground.Data, orientations);
        }

        return result!;
    }

    private static void Accumulate(float[] sum, float[] values, int count)
    {
        for (var i = 0; i < sum.Length; i++)
            sum[i] += values[i] / count;
    }
}
