namespace Spoco.Engine;

/// <summary>Brings an image to what the networks expect: mean 0 and deviation 1 where nothing else is said.</summary>
public static class Normalisation
{
    /// <summary>(x - mean) / deviation; an image or channel of one single value becomes 0.</summary>
    /// <param name="image">The image, [D, H, W, C]; left as it is.</param>
    /// <param name="perChannel">Whether every channel has a mean and a deviation of its own, instead of all channels sharing one.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public static Volume<float> Apply(Volume<float> image, bool perChannel = false, string name = "image") =>
        Apply(image, new NormalisationOptions { Kind = perChannel ? NormalisationKind.ZScorePerChannel : NormalisationKind.ZScore }, name);

    /// <summary>A copy of the image with its intensities shifted, scaled and clipped as the options say.</summary>
    /// <param name="image">The image, [D, H, W, C]; left as it is.</param>
    /// <param name="options">What is subtracted, what is divided by, and where values are clipped.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number, or the options are for another number of channels.</exception>
    public static Volume<float> Apply(Volume<float> image, NormalisationOptions options, string name = "image")
    {
        ArgumentNullException.ThrowIfNull(image);
        var result = new Volume<float>(image.Depth, image.Height, image.Width, image.Channels) { VoxelSize = image.VoxelSize };
        ImageScaling.Of(options, image.Channels, () => [image.Data], name).Apply(image.Data, result.Data);
        return result;
    }
}
