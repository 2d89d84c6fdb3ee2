namespace Spoco.Engine.Segmentation;

/// <summary>An image of which boxes are read, laid in another orientation.</summary>
internal sealed class OrientedReader(IVolumeReader<float> image, Orientation orientation) : IVolumeReader<float>
{
    public int Depth => image.Depth;

    public int Height => orientation.Transpose ? image.Width : image.Height;

    public int Width => orientation.Transpose ? image.Height : image.Width;

    public int Channels => image.Channels;

    public void Read(VoxelBox box, Span<float> values)
    {
        var plain = orientation.Undo(box, Height, Width);
        var part = new Volume<float>(plain.Depth, plain.Height, plain.Width, Channels);
        image.Read(plain, part.Data);
        orientation.Apply(part).Data.CopyTo(values);
    }
}
