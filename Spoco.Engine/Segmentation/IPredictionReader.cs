namespace Spoco.Engine.Segmentation;

/// <summary>What a network says of an image, box by box: the values that a Mutex Watershed reads, and what is known beside them.</summary>
public interface IPredictionReader : IVolumeReader<float>, IDisposable
{
    /// <summary>Dimensions of an embedding.</summary>
    int Dimensions { get; }

    /// <summary>Reads a box; the same box gives the same values at any time.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, C]: embeddings or affinities.</param>
    /// <param name="embeddings">Receives [D, H, W, d] where the values are affinities; empty = not wanted, or they are the values.</param>
    /// <param name="foreground">Receives the probability of belonging to an object, [D, H, W]; empty = not wanted.</param>
    void Read(VoxelBox box, Span<float> values, Span<float> embeddings, Span<float> foreground);

    /// <summary>Gives back memory that waits to be used again.</summary>
    void Trim()
    {
    }
}
