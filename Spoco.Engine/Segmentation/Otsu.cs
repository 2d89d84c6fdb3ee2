namespace Spoco.Engine.Segmentation;

/// <summary>
/// Otsu's threshold (1979): the grey value that splits a 256-bin histogram into two classes with the largest variance between them,
/// w1 w2 (m1 - m2)^2. As scikit-image's <c>threshold_otsu</c> on floating-point images, the threshold is the centre of the last dark bin.
/// </summary>
public static class Otsu
{
    /// <summary>The threshold; the value itself where the image has only one.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static float Threshold(ReadOnlySpan<float> image)
    {
        if (image.IsEmpty)
            throw new ArgumentException("Otsu: the image is empty.");
        var histogram = new OtsuHistogram();
        histogram.Measure(image);
        histogram.Count(image);
        return histogram.Threshold();
    }

    /// <summary>1 where the image is above its threshold, else 0.</summary>
    /// <exception cref="ArgumentException">A value is not finite, or the image has several channels.</exception>
    public static Volume<byte> Mask(Volume<float> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        LabelImage.CheckSingleChannel(image, "Otsu");
        var threshold = Threshold(image.Data);
        return new Volume<byte>(Array.ConvertAll(image.Data, v => v > threshold ? (byte)1 : (byte)0), image.Depth, image.Height, image.Width)
        {
            VoxelSize = image.VoxelSize,
        };
    }
}
