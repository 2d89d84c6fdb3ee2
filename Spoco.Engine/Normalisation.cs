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
        var groups = perChannel ? image.Channels : 1;
        for (var group = 0; group < groups; group++)
            Standardise(image.Data, result.Data, group, groups, name);
        return result;
    }

    private static void Standardise(float[] from, float[] to, int first, int step, string name)
    {
        var (low, high, sum) = (float.PositiveInfinity, float.NegativeInfinity, 0.0);
        for (var i = first; i < from.Length; i += step)
        {
            var value = from[i];
            if (!float.IsFinite(value))
                throw new InputException($"Normalisation: {name} holds values that are infinite or not a number.");
            low = Math.Min(low, value);
            high = Math.Max(high, value);
            sum += value;
        }

        if (low == high)
            return;
        var mean = sum / (from.Length / step);
        var squares = 0.0;
        for (var i = first; i < from.Length; i += step)
            squares += (from[i] - mean) * (from[i] - mean);
        var scale = 1 / Math.Sqrt(squares / (from.Length / step));
        for (var i = first; i < from.Length; i += step)
            to[i] = (float)((from[i] - mean) * scale);
    }
}
