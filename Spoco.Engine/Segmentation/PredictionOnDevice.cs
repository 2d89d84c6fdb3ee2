using Spoco.Kernels;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// What a model says of an image, of which the Mutex Watershed's part stays where the network ran: mean affinities of several views or, on a GPU, the embeddings of
/// one. <see cref="InstanceSegmentation"/> on the same device takes it from there.
/// </summary>
public sealed class PredictionOnDevice : IDisposable
{
    private readonly IDisposable? _memory;

    internal PredictionOnDevice(Prediction prediction, IDisposable? memory = null) => (Prediction, _memory) = (prediction, memory);

    /// <summary>
    /// Embeddings and foreground on the host, to be segmented until this is disposed. Its <see cref="Prediction.Affinities"/> are null: they are on the device.
    /// </summary>
    public Prediction Prediction { get; }

    /// <summary>Downloads all of it.</summary>
    /// <exception cref="ArgumentException">The affinities are more than one array holds.</exception>
    public Prediction ToHost()
    {
        var affinities = Prediction.AffinitiesOnDevice;
        if (!affinities.IsNull && affinities.Length > Array.MaxLength)
            throw new ArgumentException($"Affinities: {affinities.Length} weights are more than one array holds; work in tiles.");
        return Prediction with
        {
            Affinities = affinities.IsNull ? null : affinities.ToArray(), AffinitiesOnDevice = default, EmbeddingsOnDevice = default,
        };
    }

    /// <summary>Gives the device's memory back.</summary>
    public void Dispose() => _memory?.Dispose();
}
