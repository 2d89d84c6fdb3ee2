using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>What <c>spoco predict</c> wrote of an image, box by box: embeddings, and the foreground where it is wanted.</summary>
internal sealed class EmbeddingParts : IPredictionReader
{
    private readonly Hdf5FloatReader _embeddings;
    private readonly Hdf5FloatReader? _foreground;

    /// <param name="path">The file.</param>
    /// <param name="withForeground">Whether the foreground is wanted.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <exception cref="InputException">The file is damaged or lacks a dataset, or the foreground is of another size.</exception>
    public EmbeddingParts(string path, bool withForeground, CancellationToken cancellation)
    {
        _embeddings = new Hdf5FloatReader(path, EmbeddingFile.F, channelsFirst: false, cancellation);
        if (!withForeground)
            return;
        try
        {
            _foreground = new Hdf5FloatReader(path, EmbeddingFile.Foreground, channelsFirst: false, cancellation);
            if ((_foreground.Depth, _foreground.Height, _foreground.Width, _foreground.Channels) != (Depth, Height, Width, 1))
                throw new InputException($"{path}: the foreground does not have the extents of the embeddings.");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Depth => _embeddings.Depth;

    public int Height => _embeddings.Height;

    public int Width => _embeddings.Width;

    public int Channels => _embeddings.Channels;

    public int Dimensions => Channels;

    public VoxelSize? VoxelSize => _embeddings.VoxelSize;

    public void Read(VoxelBox box, Span<float> values) => _embeddings.Read(box, values);

    public void Read(VoxelBox box, Span<float> values, Span<float> embeddings, Span<float> foreground)
    {
        Read(box, values);
        if (!foreground.IsEmpty)
            _foreground!.Read(box, foreground);
    }

    public void Dispose()
    {
        _embeddings.Dispose();
        _foreground?.Dispose();
    }
}
