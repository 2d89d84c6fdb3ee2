namespace Spoco.Engine.Segmentation;

/// <summary>Boxes of an image that is in memory.</summary>
/// <typeparam name="T"><see cref="float"/> for images, embeddings and affinities, <see cref="byte"/> for masks.</typeparam>
public sealed class VolumeReader<T>(Volume<T> volume) : IVolumeReader<T> where T : unmanaged
{
    /// <inheritdoc/>
    public int Depth => volume.Depth;

    /// <inheritdoc/>
    public int Height => volume.Height;

    /// <inheritdoc/>
    public int Width => volume.Width;

    /// <inheritdoc/>
    public int Channels => volume.Channels;

    /// <inheritdoc/>
    public void Read(VoxelBox box, Span<T> values)
    {
        var row = box.Width * volume.Channels;
        for (var i = 0; i < box.Depth * box.Height; i++)
        {
            var (z, y) = (box.Z + i / box.Height, box.Y + i % box.Height);
            volume.Data.AsSpan(((z * volume.Height + y) * volume.Width + box.X) * volume.Channels, row).CopyTo(values[(i * row)..]);
        }
    }
}
