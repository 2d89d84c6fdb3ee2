namespace Spoco.Engine;

/// <summary>Brings an image to mean 0 and deviation 1, as the networks expect it.</summary>
public static class Normalisation
{
    /// <summary>(x - mean) / deviation; an image or channel of one single value becomes 0.</summary>
    /// <param name="image">The image, [D, H, W, C]; left as it is.</param>
    /// <param name="perChannel">Whether every channel has a mean and a deviation of its own, instead of all channels sharing one.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public static Volume<float> Apply(Volume<float> image, bool perChannel = false, string name = "image")
    {
        ArgumentNullException.ThrowIfNull(image);
        var result = new Volume<float>(image.Depth, image.Height, image.Width, image.Channels) { VoxelSize = image.VoxelSize };
        if (!perChannel || image.Channels == 1)
        {
            ImageStatistics.Of(() => [image.Data], name).Normalise(image.Data, result.Data);
            return result;
        }

        var channel = new float[image.VoxelCount];
        for (var c = 0; c < image.Channels; c++)
        {
            for (var i = 0; i < channel.Length; i++)
                channel[i] = image.Data[i * image.Channels + c];
            ImageStatistics.Of(() => [channel], name).Normalise(channel, channel);
            for (var i = 0; i < channel.Length; i++)
                result.Data[i * image.Channels + c] = channel[i];
        }

        return result;
    }
}
