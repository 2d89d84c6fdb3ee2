namespace Spoco.Engine.Segmentation;

/// <summary>Where an image of any size is above its threshold by <see cref="Otsu"/>, box by box. Of several channels the mean counts.</summary>
public sealed class OtsuMask : IVolumeReader<byte>
{
    private const int ValuesRead = 1 << 20;

    private readonly IVolumeReader<float> _image;
    private readonly float _threshold;
    private float[] _values = [];

    /// <summary>Finds the threshold, in two passes over the image.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public OtsuMask(IVolumeReader<float> image, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        _image = image;
        var histogram = new OtsuHistogram();
        ForEachPart(histogram.Measure);
        ForEachPart(histogram.Count);
        _threshold = histogram.Threshold();

        void ForEachPart(Action<ReadOnlySpan<float>> take)
        {
            var rows = (int)Math.Clamp(ValuesRead / ((long)Width * image.Channels), 1, Height);
            for (var z = 0; z < Depth; z++)
                for (var y = 0; y < Height; y += rows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var box = new VoxelBox(z, y, 0, 1, Math.Min(rows, Height - y), Width);
                    take(ReadGrey(box));
                }
        }
    }

    /// <summary>The mask of an image in memory.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static Volume<byte> Of(Volume<float> image)
    {
        var mask = new Volume<byte>(image.Depth, image.Height, image.Width) { VoxelSize = image.VoxelSize };
        new OtsuMask(new VolumeReader<float>(image)).Read(VoxelBox.Of(image), mask.Data);
        return mask;
    }

    /// <inheritdoc/>
    public int Depth => _image.Depth;

    /// <inheritdoc/>
    public int Height => _image.Height;

    /// <inheritdoc/>
    public int Width => _image.Width;

    /// <inheritdoc/>
    public int Channels => 1;

    /// <inheritdoc/>
    public void Read(VoxelBox box, Span<byte> values)
    {
        var grey = ReadGrey(box);
        for (var i = 0; i < grey.Length; i++)
            values[i] = grey[i] > _threshold ? (byte)1 : (byte)0;
    }

    private ReadOnlySpan<float> ReadGrey(VoxelBox box)
    {
        var (channels, voxels) = (_image.Channels, checked((int)box.VoxelCount));
        if (_values.Length < (long)voxels * channels)
            _values = new float[(long)voxels * channels];
        _image.Read(box, _values.AsSpan(0, voxels * channels));
        if (channels > 1)
            for (var i = 0; i < voxels; i++)
            {
                // In place: a voxel is read before the mean of a later one is written.
                var sum = 0f;
                for (var c = 0; c < channels; c++)
                    sum += _values[i * channels + c];
                _values[i] = sum / channels;
            }

        return _values.AsSpan(0, voxels);
    }
}
