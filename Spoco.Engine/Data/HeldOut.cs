namespace Spoco.Engine.Data;

/// <summary>Which part of a data set is held out to validate on, where nothing else was given for that.</summary>
internal static class HeldOut
{
    /// <summary>The images to train on and those that are held out: the last fifth, or a fraction drawn at random, at least one and never all.</summary>
    /// <param name="count">Images, at least two.</param>
    /// <param name="fraction">The fraction that is drawn; null = the last fifth.</param>
    /// <param name="seed">Decides the draw.</param>
    public static (int[] Train, int[] Validation) Split(int count, double? fraction = null, long seed = 0)
    {
        var held = fraction is { } part ? Math.Clamp((int)Math.Round(part * count), 1, count - 1) : (count + 4) / 5;
        var order = Enumerable.Range(0, count).ToArray();
        if (fraction is not null)
            RandomSource.ForIndex(seed, count, 0).Shuffle(order.AsSpan());
        return ([.. order[..^held].Order()], [.. order[^held..].Order()]);
    }

    /// <summary>The first three quarters of a single image along its longest axis, to train on, or the last one, to validate on.</summary>
    /// <param name="whole">The image.</param>
    /// <param name="last">Which of the two.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">The image is too small to be split.</exception>
    public static VoxelBox Quarters(VoxelBox whole, bool last, string name)
    {
        var (d, h, w) = (whole.Depth, whole.Height, whole.Width);
        var longest = Math.Max(d, Math.Max(h, w));
        if (longest < 2)
            throw new InputException($"{name}: {h}x{w} is too small to be split into training and validation.");
        var split = (int)Math.Max(1, longest * 3L / 4);
        var (start, count) = last ? (split, longest - split) : (0, split);
        return longest == d ? new VoxelBox(start, 0, 0, count, h, w)
            : longest == h ? new VoxelBox(0, start, 0, d, count, w)
            : new VoxelBox(0, 0, start, d, h, count);
    }
}
