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
        histogram.StartCounting();
        ForEachPart(histogram.Count);
        _threshold = histogram.Threshold();

        void ForEachPart(Action<float[], int> take)
        {
            var rows = (int)Math.Clamp(ValuesRead / ((long)Width * image.Channels), 1, Height);
            var grey = new float[(long)rows * Width];
            for (var z = 0; z < Depth; z++)
                for (var y = 0; y < Height; y += rows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var box = new VoxelBox(z, y, 0, 1, Math.Min(rows, Height - y), Width);
                    ReadGrey(box, grey);
                    take(grey, (int)box.VoxelCount);
                }
        }
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
        var grey = new float[box.VoxelCount];
        ReadGrey(box, grey);
        for (var i = 0; i < grey.Length; i++)
            values[i] = grey[i] > _threshold ? (byte)1 : (byte)0;
    }

    private void ReadGrey(VoxelBox box, Span<float> grey)
    {
        var channels = _image.Channels;
        if (channels == 1)
        {
            _image.Read(box, grey[..(int)box.VoxelCount]);
            return;
        }

        if (_values.Length < box.VoxelCount * channels)
            _values = new float[box.VoxelCount * channels];
        _image.Read(box, _values.AsSpan(0, (int)box.VoxelCount * channels));
        for (var i = 0; i < box.VoxelCount; i++)
        {
            var sum = 0f;
            for (var c = 0; c < channels; c++)
                sum += _values[i * channels + c];
            grey[i] = sum / channels;
        }
    }
}
