namespace Spoco.Engine.Segmentation;

/// <summary>An image of which boxes are read, because the whole is larger than memory.</summary>
/// <typeparam name="T"><see cref="float"/> for embeddings and affinities, <see cref="byte"/> for masks.</typeparam>
public interface IVolumeReader<T> where T : unmanaged
{
    /// <summary>Slices; 1 for an image.</summary>
    int Depth { get; }

    /// <summary>Rows.</summary>
    int Height { get; }

    /// <summary>Columns.</summary>
    int Width { get; }

    /// <summary>Values per voxel.</summary>
    int Channels { get; }

    /// <summary>Reads a box; the same box gives the same values at any time.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, C].</param>
    void Read(VoxelBox box, Span<T> values);
}
