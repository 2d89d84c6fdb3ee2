using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// What a model says of an image, as an HDF5 file: <c>embeddings_f</c>, <c>embeddings_g</c> and <c>foreground</c>, each [C,(Z,)Y,X].
/// </summary>
internal static class EmbeddingFile
{
    internal const string F = "embeddings_f";
    private const string G = "embeddings_g";
    private const string Foreground = "foreground";

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

    /// <summary>Whether <see cref="Write"/> wrote a file, and nobody has added to it.</summary>
    public static bool IsOurs(string path) => ResultMark.IsOn(path, ResultMark.Embeddings, F, G, Foreground);

    /// <summary>Reads what <see cref="Write"/> wrote; g's embeddings and the foreground where they are there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dimensions">d of the embeddings.</param>
    /// <exception cref="InputException">The file is damaged, or its arrays do not fit each other.</exception>
    public static Prediction Read(string path, int dimensions)
    {
        var embeddings = Hdf5File.Read<float>(path, F);
        if (embeddings.Channels != dimensions)
            throw new InputException($"{path}: the embeddings have {embeddings.Channels} dimensions, the model {dimensions}.");
        var momentum = Hdf5File.Has(path, G) ? Hdf5File.Read<float>(path, G) : null;
        var foreground = Hdf5File.Has(path, Foreground) ? Hdf5File.Read<float>(path, Foreground) : null;
        foreach (var other in new[] { momentum, foreground })
        {
            if (other is not null && !other.HasExtentsOf(embeddings))
                throw new InputException($"{path}: its datasets differ in size: {embeddings} and {other}.");
        }

        return new Prediction(embeddings, momentum, foreground);
    }
}
