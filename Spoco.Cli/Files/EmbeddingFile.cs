using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>
/// What a model says of an image, as an HDF5 file: <c>embeddings_f</c>, <c>embeddings_g</c> and <c>foreground</c>, each [C,(Z,)Y,X].
/// </summary>
internal static class EmbeddingFile
{
    internal const string F = "embeddings_f";
    /// <summary>One part in so many of the memory is for the prediction of a window, one for the values of a box; as much is for copies of these on their way into the file.</summary>
    internal const int Share = 4;

    private const string G = "embeddings_g";
    internal const string Foreground = "foreground";

    /// <summary>Writes what the prediction holds.</summary>
    public static void Write(string path, Prediction prediction)
    {
        var images = new List<(string, Volume<float>)> { (F, prediction.Embeddings) };
        if (prediction.MomentumEmbeddings is { } momentum)
            images.Add((G, momentum));
        if (prediction.Foreground is { } foreground)
            images.Add((Foreground, foreground));
        Hdf5File.WriteEmbeddings(path, images);
    }

    /// <summary>Whether <see cref="Write(string, Prediction)"/> wrote a file, and nobody has added to it.</summary>
    public static bool IsOurs(string path) => ResultMark.IsOn(path, ResultMark.Embeddings, F, G, Foreground);

    /// <summary>Predicts an image part by part and writes the same datasets.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model.</param>
    /// <param name="image">The normalised image.</param>
    /// <param name="withMomentum">Whether g is run too, and its embeddings are written.</param>
    /// <param name="memory">Bytes for the computation.</param>
    /// <param name="voxelSize">Size of a voxel where it is known.</param>
    /// <param name="done">Told how many voxels are done.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">The image does not fit the network, or the memory is too small.</exception>
    public static void Write(
        string path, SpocoModel model, IVolumeReader<float> image, bool withMomentum, long memory, VoxelSize? voxelSize, Action<long> done, CancellationToken cancellation)
    {
        using var f = new TiledPrediction(model, image, memory / Share, cancellation: cancellation);
        using var g = !withMomentum ? null : new TiledPrediction(model, image, memory / Share, momentum: true, cancellation: cancellation);
        var d = model.Options.EmbeddingDimensions;
        var datasets = new List<(string, int)> { (F, d) };
        if (withMomentum)
            datasets.Add((G, d));
        if (model.Options.Foreground)
            datasets.Add((Foreground, 1));
        var whole = new VoxelBox(0, 0, 0, image.Depth, image.Height, image.Width);
        // The values of a box, and a copy of one channel of it.
        var voxels = memory / Share / (sizeof(float) * (2 * d + 2));
        Hdf5File.WriteEmbeddings(path, whole, voxelSize, datasets, voxels, box =>
        {
            var values = datasets.Select(image => new float[box.VoxelCount * image.Item2]).ToArray();
            f.Read(box, values[0], model.Options.Foreground ? values[^1] : []);
            g?.Read(box, values[1]);
            done(((long)box.Z * whole.Height + box.Y) * whole.Width + box.VoxelCount);
            return values;
        });
    }

    /// <summary>Reads what <see cref="Write(string, Prediction)"/> wrote; the foreground where it is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dimensions">d of the embeddings.</param>
    /// <param name="withMomentum">Whether the embeddings of g are read, too.</param>
    /// <exception cref="InputException">The file is damaged, has no embeddings of g where they are wanted, or its arrays do not fit each other.</exception>
    public static Prediction Read(string path, int dimensions, bool withMomentum = false)
    {
        var embeddings = Hdf5File.Read<float>(path, F);
        if (embeddings.Channels != dimensions)
            throw new InputException($"{path}: the embeddings have {embeddings.Channels} dimensions, the model {dimensions}.");
        if (withMomentum && !Hdf5File.Has(path, G))
            throw new InputException($"{path}: holds no embeddings of g (dataset {G}); predict again with --with-g.");
        var momentum = withMomentum ? Hdf5File.Read<float>(path, G) : null;
        if (momentum is not null && (!momentum.HasExtentsOf(embeddings) || momentum.Channels != dimensions))
            throw new InputException($"{path}: its datasets differ in size: {embeddings} and {momentum}.");
        var foreground = Hdf5File.Has(path, Foreground) ? Hdf5File.Read<float>(path, Foreground) : null;
        return foreground is null || foreground.HasExtentsOf(embeddings)
            ? new Prediction(embeddings, momentum, foreground)
            : throw new InputException($"{path}: its datasets differ in size: {embeddings} and {foreground}.");
    }
}
